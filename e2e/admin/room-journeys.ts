import { expectSame, expectThat, type Journey, type Scene } from './journey.ts';

/** Where people are moved to; made by the journeys themselves. */
export const HALL = 'Hall of the journeys';

/** Whoever the journeys are about; each comes into the room for it. */
async function guest({ stage, window }: Scene, nickname: string): Promise<() => Promise<void>> {
  await window.go('room');
  const one = await stage.join(nickname);
  await window.member(nickname).waitFor();
  return async () => {
    await one.leave();
  };
}

async function focusedRow({ window }: Scene): Promise<string | null | undefined> {
  return window.page.evaluate(() =>
    document.activeElement?.closest('[data-nickname]')?.getAttribute('data-nickname'),
  );
}

export const roomJourneys: readonly Journey[] = [
  {
    name: 'whoever comes and goes is shown at once',
    run: async (scene) => {
      const { window } = scene;
      const from = performance.now();
      const leave = await guest(scene, 'Comes And Goes');
      const shownMs = Math.round(performance.now() - from);
      await leave();
      await window.member('Comes And Goes').waitFor({ state: 'detached' });
      return { shownMs };
    },
  },
  {
    name: 'dragging somebody onto a channel moves them',
    run: async (scene) => {
      const { window } = scene;
      const leave = await guest(scene, 'Dragged');
      const row = window.member('Dragged');
      await row.scrollIntoViewIfNeeded();
      const from = await row.locator('.badge').boundingBox();
      expectThat(from !== null, 'the member is not to be seen');
      const { mouse } = window.page;
      await mouse.move((from?.x ?? 0) + 10, (from?.y ?? 0) + 10);
      await mouse.down();
      await mouse.move((from?.x ?? 0) + 40, (from?.y ?? 0) + 30, { steps: 4 });
      await window.page.locator('.drag-ghost').waitFor();
      await window.channel(HALL).scrollIntoViewIfNeeded();
      const to = await window.channel(HALL).boundingBox();
      await mouse.move((to?.x ?? 0) + 60, (to?.y ?? 0) + 20, { steps: 8 });
      expectSame('whether the channel is lit', await window.channel(HALL).getAttribute('data-over'), 'true');
      await mouse.up();
      await window.channel(HALL).locator('[data-nickname="Dragged"]').waitFor();
      await window.announced(`Dragged is now in ${HALL}.`);
      expectSame('ghosts left', await window.page.locator('.drag-ghost').count(), 0);
      await leave();
      return {};
    },
  },
  {
    name: 'a drag that is broken off moves nobody',
    run: async (scene) => {
      const { window } = scene;
      const leave = await guest(scene, 'Not Dragged');
      const from = await window.member('Not Dragged').locator('.badge').boundingBox();
      const to = await window.channel(HALL).boundingBox();
      const { mouse, keyboard } = window.page;
      await mouse.move((from?.x ?? 0) + 10, (from?.y ?? 0) + 10);
      await mouse.down();
      await mouse.move((to?.x ?? 0) + 60, (to?.y ?? 0) + 20, { steps: 8 });
      await keyboard.press('Escape');
      await mouse.up();
      expectSame(
        'who was moved',
        await window.channel(HALL).locator('[data-nickname="Not Dragged"]').count(),
        0,
      );
      await leave();
      return {};
    },
  },
  {
    name: 'the same by the keyboard alone',
    run: async (scene) => {
      const { window } = scene;
      const leave = await guest(scene, 'Typed');
      const { keyboard } = window.page;
      // From the filter, the list of people is one stop of the Tab key away; arrows go on in it.
      await window.part('member-filter').focus();
      await keyboard.press('Tab');
      expectThat((await focusedRow(scene)) != null, 'Tab does not lead to a member');
      await keyboard.press('Home');
      let presses = 0;
      while ((await focusedRow(scene)) !== 'Typed' && presses < 50) {
        await keyboard.press('ArrowDown');
        presses += 1;
      }
      expectSame('the member that arrows lead to', await focusedRow(scene), 'Typed');
      await keyboard.press('Enter');
      await window.part('member-menu').waitFor();
      const entry = await window.page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
      expectSame('the entry that has the focus', entry, 'member-move');
      await keyboard.press('Enter');
      await window.part('move-dialog').waitFor();
      let stops = 0;
      const focused = (): Promise<string | null | undefined> =>
        window.page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
      while ((await focused()) !== 'move-channel' && stops < 10) {
        await keyboard.press('Tab');
        stops += 1;
      }
      await keyboard.type(HALL);
      while ((await focused()) !== 'dialog-submit' && stops < 20) {
        await keyboard.press('Tab');
        stops += 1;
      }
      await keyboard.press('Enter');
      await window.channel(HALL).locator('[data-nickname="Typed"]').waitFor();
      await window.announced(`Typed is now in ${HALL}.`);
      await window.page.waitForFunction(
        () => document.activeElement?.closest('[data-nickname]')?.getAttribute('data-nickname') === 'Typed',
      );
      await leave();
      return { arrows: presses };
    },
  },
  {
    name: 'muting for everybody, and giving a role',
    run: async (scene) => {
      const { window } = scene;
      const leave = await guest(scene, 'Loud');
      await window.choose('Loud', 'member-mute');
      await window.member('Loud').getByText('Muted for everybody').waitFor();
      await window.choose('Loud', 'member-role');
      await window.part('assign-role').selectOption({ label: 'Moderator' });
      await window.submit('assign-role-dialog');
      await window.member('Loud').getByText('Moderator').waitFor();
      await leave();
      return {};
    },
  },
  {
    name: 'search and filter narrow the list',
    run: async (scene) => {
      const { window } = scene;
      const leave = await guest(scene, 'Élodie Findable');
      await window.part('member-search').fill('elodie find');
      expectSame('rows', await window.part('member').count(), 1);
      await window.part('member-search').fill('nobody has this name');
      await window.part('room-empty').waitFor();
      await window.part('member-search').fill('');
      await window.part('member-filter').selectOption('bots');
      await window.part('room-empty').waitFor();
      await window.part('member-filter').selectOption('all');
      await leave();
      return {};
    },
  },
  {
    name: 'kicking asks for a reason, which stands in the log',
    run: async (scene) => {
      const { window } = scene;
      const leave = await guest(scene, 'Stays');
      await guest(scene, 'Kicked');
      await window.choose('Kicked', 'member-kick');
      await window.part('kick-dialog').getByTestId('reason').fill('A reason of the journeys');
      await window.submit('kick-dialog');
      await window.member('Kicked').waitFor({ state: 'detached' });
      await window.announced('Kicked was kicked.');
      // The one who had the focus is gone; the keyboard must not fall out of the list.
      await window.page.waitForFunction(() => document.activeElement?.hasAttribute('data-stop'));
      const stops = await window.page.locator('[data-stop][tabindex="0"]').count();
      expectSame('stops of the Tab key among the members', stops, 1);
      await leave();
      await window.go('audit');
      await window
        .part('audit-line')
        .filter({ hasText: 'A reason of the journeys' })
        .filter({ hasText: 'Kick' })
        .first()
        .waitFor();
      return {};
    },
  },
  {
    name: 'a ban by identity is listed and can be lifted, a ban by address too',
    run: async (scene) => {
      const { window } = scene;
      await guest(scene, 'Banned');
      await window.choose('Banned', 'member-ban');
      await window.part('ban-term').selectOption('');
      await window.part('ban-dialog').getByTestId('reason').fill('For good');
      await window.submit('ban-dialog');
      await window.member('Banned').waitFor({ state: 'detached' });
      await window.go('bans');
      const row = window.part('ban').filter({ hasText: 'Banned' });
      await row.filter({ hasText: 'For good' }).waitFor();
      await row.getByTestId('unban').click();
      await window.submit('lift-dialog');
      await row.waitFor({ state: 'detached' });
      await window.part('ban-range').click();
      await window.part('range').fill('not an address');
      await window.part('dialog-submit').click();
      await window.part('dialog-error').filter({ hasText: 'Write an address' }).waitFor();
      await window.part('range').fill('203.0.113.64/26');
      await window.submit('range-dialog');
      const range = window.part('ban').filter({ hasText: '203.0.113.64/26' });
      await range.getByTestId('unban').click();
      await window.submit('lift-dialog');
      await range.waitFor({ state: 'detached' });
      return {};
    },
  },
];
