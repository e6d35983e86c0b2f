import { expectSame, expectThat, type Journey, type Scene } from './journey.ts';
import { ACCOUNT } from './stage.ts';

/** The name under which a grant lies in the tab's storage. */
const STORAGE_KEY = 'sidetone.admin';

async function isInside({ window }: Scene, screen = 'room'): Promise<void> {
  await window.part(`screen-${screen}`).waitFor();
  await window.part('stream-status').filter({ hasText: 'Live' }).waitFor();
}

/** From the first visit to a session that can be used. */
export const entranceJourneys: readonly Journey[] = [
  {
    name: 'the first account is made with the one-time code of a link',
    run: async (scene) => {
      const { stage, window } = scene;
      await window.page.goto(`${stage.base}/#setup=${encodeURIComponent(stage.code)}`);
      await window.part('setup-name').waitFor();
      expectThat(!window.page.url().includes(stage.code), 'the code is still in the address');
      expectSame('the code in its box', await window.part('setup-code').inputValue(), stage.code);
      await window.part('setup-name').fill(ACCOUNT.name);
      await window.part('setup-password').fill(ACCOUNT.password);
      await window.part('setup-again').fill('something else');
      await window.part('gate-submit').click();
      await window.part('gate-error').filter({ hasText: 'not the same' }).waitFor();
      await window.part('setup-again').fill(ACCOUNT.password);
      await window.part('setup-code').fill('wrong-code');
      await window.part('gate-submit').click();
      await window.part('gate-error').filter({ hasText: 'code' }).waitFor();
      const sentence = (await window.part('gate-error').textContent())?.trim() ?? '';
      await window.part('setup-code').fill(stage.code);
      await window.part('gate-submit').click();
      await isInside(scene);
      return { wrongCode: sentence };
    },
  },
  {
    name: 'a reload stays inside, and the token lies in the tab alone',
    run: async (scene) => {
      const { window } = scene;
      await window.page.reload();
      await isInside(scene);
      const stored = await window.page.evaluate(
        (key) => [sessionStorage.getItem(key) !== null, JSON.stringify(localStorage), document.cookie],
        STORAGE_KEY,
      );
      expectSame('what is stored (tab, browser, cookies)', stored, [true, '{}', '']);
      return {};
    },
  },
  {
    name: 'a wrong password is told in a sentence, the right one lets in',
    run: async (scene) => {
      const { window } = scene;
      await window.part('log-out').click();
      await window.part('login-name').waitFor();
      const focused = await window.page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
      expectSame('what has the focus', focused, 'login-name');
      const kept = await window.page.evaluate((key) => sessionStorage.getItem(key), STORAGE_KEY);
      expectSame('what is kept after the log-out', kept, null);
      await window.logIn(ACCOUNT.name, 'not the password');
      const error = window.part('gate-error');
      await error.filter({ hasText: /\w+ \w+.*\./ }).waitFor();
      const sentence = (await error.textContent())?.trim() ?? '';
      await window.logIn(ACCOUNT.name, ACCOUNT.password);
      await isInside(scene);
      return { sentence };
    },
  },
  {
    name: 'a link that was used already leads to the login',
    run: async (scene) => {
      const { stage, window } = scene;
      const other = await window.context.newPage();
      await other.goto(`${stage.base}/#redeem=AAAA-used-already`);
      await other.getByTestId('login-why').waitFor();
      expectThat(!other.url().includes('redeem'), 'the code is still in the address');
      const sentence = (await other.getByTestId('login-why').textContent()) ?? '';
      await other.close();
      return { sentence };
    },
  },
];

/** What happens to a session that is open. */
export const sessionJourneys: readonly Journey[] = [
  {
    name: 'a lost connection is told, and found again by itself',
    run: async (scene) => {
      const { stage, window } = scene;
      if (stage.breakOff === null) return { ran: false };
      await window.go('room');
      await stage.breakOff();
      await window.part('stream-banner').filter({ hasText: 'lost' }).waitFor();
      await stage.mend();
      const from = performance.now();
      await window.part('stream-banner').filter({ hasText: 'lost' }).waitFor({ state: 'detached' });
      await isInside(scene);
      return { foundAfterMs: Math.round(performance.now() - from) };
    },
  },
  {
    name: 'an ended session asks for the login and comes back to the same screen',
    run: async (scene) => {
      const { window } = scene;
      await window.go('settings');
      // The login is ended behind the page's back, as a week's end or another admin would.
      await window.page.evaluate(async (key) => {
        const { token } = JSON.parse(sessionStorage.getItem(key) ?? '{}');
        await fetch('/api/logout', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
      }, STORAGE_KEY);
      const save = window.part('config-save');
      // The relay may have ended the stream already, and with it the screen.
      await save.click({ timeout: 1_000 }).catch(() => undefined);
      await window.part('login-why').filter({ hasText: 'ended' }).waitFor();
      expectSame('the name', await window.part('login-name').inputValue(), ACCOUNT.name);
      await window.logIn(ACCOUNT.name, ACCOUNT.password);
      await isInside(scene, 'settings');
      return {};
    },
  },
];
