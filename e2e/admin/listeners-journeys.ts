import type { DashboardWindow } from './dashboard-window.ts';
import { expectSame, expectThat, type Journey } from './journey.ts';
import { HALL } from './room-journeys.ts';

/** A listening password that is long enough, and its beginning, which is not. */
const SHORT = 'short';
const REST = ' but longer';

/** Presses keys one after the other, as whoever has no mouse. */
async function press(window: DashboardWindow, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await window.page.keyboard.press(key);
}

/** @throws Error when the keyboard is elsewhere */
async function expectFocus(window: DashboardWindow, testId: string): Promise<void> {
  const focused = await window.page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
  expectSame('what has the focus', focused, testId);
}

/** Fills the dialog in by keyboard alone: a publisher's program, talking listeners, by password. */
async function fillIn(window: DashboardWindow): Promise<void> {
  await press(window, 'Tab');
  await expectFocus(window, 'listening-switch');
  expectThat(await window.part('listening-switch').isChecked(), 'opening a channel does not open it');
  await press(window, 'Space', 'Space', 'Tab', 'ArrowRight');
  await expectFocus(window, 'listening-source-publisher');
  expectThat(await window.part('listening-publish').isChecked(), 'nobody may publish');
  await press(window, 'Tab', 'Tab', 'Space', 'Tab', 'ArrowRight');
  await expectFocus(window, 'listening-access-password');
  await press(window, 'Tab');
  await expectFocus(window, 'listening-password');
  await window.page.keyboard.type(SHORT);
  await window.part('listening-password-error').filter({ hasText: 'At least' }).waitFor();
  await press(window, 'Enter');
  await window.part('dialog-error').filter({ hasText: 'At least' }).waitFor();
  await window.page.keyboard.type(REST);
  await press(window, 'Enter');
  await window.part('listening-dialog').waitFor({ state: 'detached' });
  await window.announced(`${HALL} is open to listeners.`);
}

export const listenersJourneys: readonly Journey[] = [
  {
    name: 'a channel is opened to listeners and closed again, by keyboard alone',
    run: async ({ window }) => {
      await window.go('listeners');
      const card = window.row('listening', HALL);
      expectSame('whether it is open', await card.getAttribute('data-open'), 'false');
      await card.getByTestId('listening-change').focus();
      await press(window, 'Enter');
      await fillIn(window);
      await expectFocus(window, 'listening-change');
      const open = window.page.locator(`[data-testid="listening"][data-name="${HALL}"][data-open="true"]`);
      await open.getByText('A publisher’s program, for whoever knows the password').waitFor();
      await open.getByText('Listeners may talk').waitFor();
      await window.go('room');
      await window.channel(HALL).getByText('Listeners').first().waitFor();
      await window.go('listeners');
      await open.getByTestId('listening-change').focus();
      await press(window, 'Enter', 'Tab');
      await expectFocus(window, 'listening-switch');
      await press(window, 'Space');
      await window.submit('listening-dialog');
      await window.announced(`${HALL} is closed to listeners.`);
      await open.waitFor({ state: 'detached' });
      return {};
    },
  },
  {
    name: 'links and keys are copied, and renewed after a question',
    // Whether the addresses lead anywhere is seen elsewhere, with real programs.
    run: async ({ window }) => {
      await window.go('listeners');
      const card = window.row('listening', HALL);
      await card.getByTestId('listening-change').click();
      await window.part('listening-dialog').getByText('By link', { exact: true }).click();
      await window.submit('listening-dialog');
      const page = card.getByTestId('link-page');
      const before = await page.inputValue();
      expectThat(before.includes('?key='), `the link is ${before}`);
      const copy = card.getByTestId('copy-link-page');
      await copy.click();
      await copy.filter({ hasText: 'Copied' }).waitFor();
      await expectFocus(window, 'copy-link-page');
      for (const summary of await card.locator('summary').all()) await summary.click();
      for (const name of ['ogg', 'rtsp', 'whep', 'websocket', 'publish', 'icecast', 'whip']) {
        const address = await card.getByTestId(`link-${name}`).inputValue();
        expectThat(/^[a-z]+:\/\//.test(address), `the address for ${name} is ${address}`);
      }
      await card.getByTestId('listening-renew-link').click();
      await window.part('dialog-cancel').click();
      expectSame('the link after a no', await page.inputValue(), before);
      await card.getByTestId('listening-renew-link').click();
      await window.submit('renew-link-dialog');
      await window.announced('has a new link');
      const key = await card.getByTestId('publish-key').inputValue();
      await card.getByTestId('listening-renew-key').click();
      await window.submit('renew-key-dialog');
      await window.announced('has a new publisher’s key');
      await window.page.waitForFunction(
        ([link, old]) => {
          const value = (id: string): string | undefined =>
            document.querySelector<HTMLInputElement>(`[data-open="true"] [data-testid="${id}"]`)?.value;
          return value('link-page') !== link && value('publish-key') !== old;
        },
        [before, key] as const,
      );
      await card.getByTestId('listening-change').click();
      await window.part('listening-switch').uncheck();
      await window.submit('listening-dialog');
      return {};
    },
  },
];
