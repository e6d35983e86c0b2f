import { expectSame, expectThat, type Journey } from './journey.ts';
import { HALL } from './room-journeys.ts';

/** What a test of the journeys asks for: enough to see figures, short enough for every run. */
const BOTS = 8;
const SPEAKERS = 2;
const SECONDS = 6;

/** Longest way of the bots into the room and through it, in ms. */
const MAX_TEST_MS = 60_000;

/** A channel for the journeys about members. */
export const makeHall: Journey = {
  name: 'a channel is made',
  run: async ({ window }) => {
    await window.go('channels');
    await window.part('channel-new').click();
    await window.part('dialog-submit').click();
    await window.part('dialog-error').filter({ hasText: 'needs a name' }).waitFor();
    await window.part('channel-dialog-name').fill(HALL);
    await window.part('channel-limit').fill('0');
    await window.part('dialog-submit').click();
    await window.part('dialog-error').filter({ hasText: 'numbers' }).waitFor();
    await window.part('channel-limit').fill('25');
    await window.part('channel-bitrate').selectOption('48000');
    await window.submit('channel-dialog');
    await window.row('channel-row', HALL).filter({ hasText: '48 kbit/s' }).waitFor();
    return {};
  },
};

export const upkeepJourneys: readonly Journey[] = [
  {
    name: 'a channel is made inside another, changed, and removed after a question',
    run: async ({ window }) => {
      await window.go('channels');
      await window.part('channel-new').click();
      await window.part('channel-dialog-name').fill('Corner');
      await window.part('channel-parent').selectOption({ label: HALL });
      await window.part('channel-password-set').fill('open the door');
      await window.submit('channel-dialog');
      const corner = window.row('channel-row', 'Corner');
      expectSame('how deep it lies', await corner.getAttribute('data-depth'), '1');
      await corner.getByText('Password').waitFor();
      const hall = window.row('channel-row', HALL);
      const removal = hall.getByTestId('channel-remove');
      expectSame('the rule', await removal.getAttribute('aria-description'), 'Other channels lie in it.');
      await corner.getByTestId('channel-change').click();
      await window.part('channel-dialog-name').fill('Nook');
      await window.part('channel-password-remove').check();
      await window.part('channel-listeners').check();
      await window.submit('channel-dialog');
      const nook = window.row('channel-row', 'Nook');
      await nook.getByText('Listeners').waitFor();
      expectSame('passwords', await nook.getByText('Password').count(), 0);
      await nook.getByTestId('channel-remove').click();
      await window.submit('remove-channel-dialog');
      await nook.waitFor({ state: 'detached' });
      return {};
    },
  },
  {
    name: 'roles and accounts are made, changed and removed',
    run: async ({ window }) => {
      await window.go('roles');
      await window.part('role-new').click();
      await window.part('role-name').fill('Doorkeeper');
      await window.part('role-rank').fill('30');
      await window.part('permission-kick').check();
      await window.part('role-save').click();
      const role = window.row('role', 'Doorkeeper');
      await role.filter({ hasText: 'Kick others' }).waitFor();
      await window.part('account-new').click();
      await window.part('account-name').fill('doris');
      await window.part('account-role').selectOption({ label: 'Doorkeeper' });
      await window.part('account-password').fill('short');
      await window.part('account-again').fill('short');
      await window.part('dialog-submit').click();
      await window.part('dialog-error').filter({ hasText: 'at least' }).waitFor();
      await window.part('account-password').fill('long enough to hold');
      await window.part('account-again').fill('long enough to hold');
      await window.submit('account-dialog');
      const account = window.row('account', 'doris');
      await account.filter({ hasText: 'Doorkeeper' }).waitFor();
      await account.getByTestId('account-remove').click();
      await window.submit('remove-account-dialog');
      await account.waitFor({ state: 'detached' });
      await role.getByTestId('role-remove').click();
      await window.submit('remove-role-dialog');
      await role.waitFor({ state: 'detached' });
      return {};
    },
  },
  {
    name: 'the settings hold at once',
    run: async ({ window }) => {
      await window.go('settings');
      await window.part('config-members').fill('0');
      await window.part('config-save').click();
      await window.part('config-error').filter({ hasText: 'number' }).waitFor();
      await window.part('config-members').fill('120');
      await window.part('config-name').fill('Room of the journeys');
      await window.part('config-save').click();
      await window.part('room-name').filter({ hasText: 'Room of the journeys' }).waitFor();
      return {};
    },
  },
  {
    name: 'the traffic is drawn, and can be read',
    run: async ({ window }) => {
      await window.go('traffic');
      const plot = window.part('chart-packets').getByRole('img');
      await window.page.waitForFunction(
        () =>
          Number(
            document.querySelector('[data-testid="chart-packets"] [role=img]')?.getAttribute('data-points'),
          ) >= 3,
      );
      const text = (await plot.getAttribute('aria-label')) ?? '';
      expectThat(/Forwarded: now .*, lowest .*, highest/.test(text), `the chart says only "${text}"`);
      expectThat((await window.part('chart-packets').locator('canvas').count()) === 1, 'nothing is drawn');
      await window.part('chart-packets').locator('summary').click();
      const rows = await window.part('chart-packets').locator('tbody tr').count();
      expectThat(rows >= 3, `the table has ${rows} rows`);
      return { rows, socket: (await window.part('figure-socket').locator('dd').first().textContent()) ?? '' };
    },
  },
  {
    name: 'a stress test runs to its end, with live charts',
    run: async ({ window }) => {
      await window.go('stress');
      expectSame('the button', (await window.part('spawn').textContent())?.trim(), 'Spawn 100 bots');
      await window.part('bots').fill('1');
      await window.part('spawn').click();
      await window.part('stress-error').filter({ hasText: 'numbers' }).waitFor();
      await window.part('bots').fill(String(BOTS));
      await window.part('speakers').fill(String(SPEAKERS));
      await window.part('seconds').fill(String(SECONDS));
      await window.part('spawn').click();
      const phase = (name: string): Promise<void> =>
        window.page
          .locator(`[data-testid="stress-phase"][data-phase="${name}"]`)
          .waitFor({ timeout: MAX_TEST_MS });
      await phase('speaking');
      expectSame(
        'whether another can be begun',
        await window.part('spawn').getAttribute('aria-disabled'),
        'true',
      );
      await phase('done');
      const points = await window
        .part('chart-throughput')
        .getByRole('img')
        .evaluate((plot) => Number(plot.getAttribute('data-points')));
      expectThat(points >= 3, `the chart has ${points} points`);
      expectSame('rows of bots', await window.part('bot-row').count(), BOTS);
      await window.part('sort-received').click();
      const cells = await window.part('bot-row').locator('td:nth-child(3)').allTextContents();
      const figures = cells.map((cell) => Number(cell.replaceAll(',', '')));
      expectSame(
        'the order',
        figures,
        figures.toSorted((a, b) => b - a),
      );
      expectThat((figures[0] ?? 0) > 0, 'no bot heard anything');
      const read = async (id: string): Promise<string> =>
        (await window.part(id).locator('dd').first().textContent()) ?? '';
      return {
        points,
        heard: await read('stress-received'),
        lost: await read('stress-loss'),
        p99: await read('stress-p99'),
      };
    },
  },
  {
    name: 'a stress test can be stopped',
    run: async ({ window }) => {
      await window.go('stress');
      await window.part('bots').fill(String(BOTS));
      await window.part('speakers').fill(String(SPEAKERS));
      await window.part('seconds').fill('300');
      await window.part('spawn').click();
      await window.part('stop-bots').click({ timeout: MAX_TEST_MS });
      await window.part('stop-bots').waitFor({ state: 'detached', timeout: MAX_TEST_MS });
      await window.page.waitForFunction(
        () => document.querySelector('[data-testid="spawn"]')?.getAttribute('aria-disabled') === 'false',
      );
      return {};
    },
  },
  {
    name: 'the audit log shows older lines when asked, and new ones by itself',
    run: async ({ window }) => {
      await window.go('audit');
      await window.part('audit-line').first().waitFor();
      const before = await window.part('audit-line').count();
      let pages = 1;
      while ((await window.part('audit-older').count()) > 0 && pages < 10) {
        const shown = await window.part('audit-line').count();
        await window.part('audit-older').click();
        await window.page.waitForFunction(
          (count) =>
            document.querySelectorAll('[data-testid="audit-line"]').length > count ||
            document.querySelector('[data-testid="audit-older"]') === null,
          shown,
        );
        pages += 1;
      }
      const ids = await window
        .part('audit-line')
        .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-id'))));
      expectSame(
        'the order',
        ids,
        [...new Set(ids)].toSorted((a, b) => b - a),
      );
      // Somebody else does something: a new line must come without being asked for.
      await window.page.evaluate(async () => {
        const { token } = JSON.parse(sessionStorage.getItem('sidetone.admin') ?? '{}');
        await fetch('/api/ban', {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify({
            subject: { kind: 'range', range: '198.51.100.128/25' },
            reason: 'A line that comes by itself',
            seconds: 60,
          }),
        });
      });
      await window.part('audit-line').filter({ hasText: 'A line that comes by itself' }).waitFor();
      return { firstPage: before, pages, lines: ids.length };
    },
  },
];
