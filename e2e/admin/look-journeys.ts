import { fakeCrowd } from '../../src/renderer/admin/dev/fake-room.ts';
import type { Theme } from './dashboard-window.ts';
import { expectSame, expectThat, type Journey, type Scene } from './journey.ts';
import { ACCOUNT } from './stage.ts';

const THEMES: readonly Theme[] = ['light', 'dark'];

const SCREENS = [
  'room',
  'channels',
  'listeners',
  'roles',
  'bans',
  'traffic',
  'stress',
  'audit',
  'settings',
] as const;

/** The narrowest window that the dashboard is made for, in CSS pixels. */
const NARROW = { width: 900, height: 700 } as const;
const WIDE = { width: 1280, height: 800 } as const;

/** A crowd must be shown within this, in ms, on a machine that does other things too. */
const MAX_CROWD_MS = 5_000;

/** Holds what is on the screen against the rules in both themes. @throws Error with what is broken */
async function judge({ window }: Scene, what: string): Promise<number> {
  for (const theme of THEMES) {
    await window.showTheme(theme);
    const violations = await window.violations();
    const told = violations.map(({ rule, where }) => `${rule} (${where})`).join('; ');
    if (violations.length > 0) throw new AccessibilityError(violations.length, `${what}, ${theme}: ${told}`);
  }
  await window.showTheme('light');
  return THEMES.length;
}

/** Rules that a screen breaks. */
export class AccessibilityError extends Error {
  readonly violations: number;

  constructor(violations: number, message: string) {
    super(message);
    this.violations = violations;
  }
}

function screenJourney(screen: (typeof SCREENS)[number]): Journey {
  return {
    name: `axe: the screen "${screen}" in both themes`,
    run: async (scene) => {
      await scene.window.go(screen);
      if (screen === 'traffic') await scene.window.part('chart-packets').waitFor();
      return { looks: await judge(scene, screen) };
    },
  };
}

/** Opens something, holds it against the rules, closes it. */
function dialogJourney(name: string, screen: string, open: (scene: Scene) => Promise<void>): Journey {
  return {
    name: `axe: ${name} in both themes`,
    run: async (scene) => {
      await scene.window.go(screen);
      await open(scene);
      const looks = await judge(scene, name);
      await scene.window.page.keyboard.press('Escape');
      return { looks };
    },
  };
}

/** Before anybody is logged in. */
export const setupLook: Journey = {
  name: 'axe: the setup in both themes',
  run: async (scene) => {
    await scene.window.page.goto(`${scene.stage.base}/`);
    await scene.window.part('setup-code').waitFor();
    return { looks: await judge(scene, 'setup') };
  },
};

/** What is held against the rules must be able to break them, or the other journeys say nothing. */
const plantedTroubles: Journey = {
  name: 'what is planted against the rules and against the policy is found',
  run: async ({ stage, window }) => {
    const other = await window.openAnother(stage.base);
    await other.page.goto(`${stage.base}/`);
    await other.part('login-name').waitFor();
    await other.page.evaluate(() => {
      const planted = document.createElement('div');
      planted.innerHTML = '<img src="./no-words.png" /><p style="color: red">Styled</p>';
      document.body.append(planted);
    });
    const rules = (await other.violations()).map((violation) => violation.rule);
    expectThat(rules.includes('image-alt'), `only this was found: ${rules.join(', ')}`);
    const policy = await other.policyViolations();
    expectThat(
      policy.some((one) => one.startsWith('style-src')),
      `only this was found: ${policy.join(', ')}`,
    );
    await other.context.close();
    return { rules: rules.length, policy: policy.length };
  },
};

export const lookJourneys: readonly Journey[] = [
  plantedTroubles,
  ...SCREENS.map(screenJourney),
  {
    name: 'axe: a member’s menu and dialogs in both themes',
    run: async (scene) => {
      const { stage, window } = scene;
      await window.go('room');
      const guest = await stage.join('Looked At');
      await window.member('Looked At').waitFor();
      await window.member('Looked At').getByTestId('member-more').click();
      let looks = await judge(scene, 'member menu');
      await window.page.keyboard.press('Escape');
      for (const entry of ['member-move', 'member-role', 'member-kick', 'member-ban']) {
        await window.choose('Looked At', entry);
        looks += await judge(scene, entry);
        await window.page.keyboard.press('Escape');
        const back = await window.page.evaluate(() =>
          document.activeElement?.closest('[data-nickname]')?.getAttribute('data-nickname'),
        );
        expectSame('who has the focus after the dialog', back, 'Looked At');
      }
      await guest.leave();
      return { looks };
    },
  },
  dialogJourney('the channel editor', 'channels', ({ window }) => window.part('channel-new').click()),
  dialogJourney('the listening editor', 'listeners', async ({ window }) => {
    await window.part('listening-change').first().click();
    const dialog = window.part('listening-dialog');
    await dialog.getByText('A publisher', { exact: true }).click();
    await dialog.getByText('By password', { exact: true }).click();
    await window.part('listening-password').waitFor();
  }),
  dialogJourney('every way to listen', 'listeners', async ({ window }) => {
    await window.part('listening').first().waitFor();
    for (const summary of await window.page.locator('.listening-ways summary').all()) await summary.click();
  }),
  dialogJourney('the role editor', 'roles', ({ window }) => window.part('role-new').click()),
  dialogJourney('the account editor', 'roles', ({ window }) => window.part('account-new').click()),
  dialogJourney('the ban of a range', 'bans', ({ window }) => window.part('ban-range').click()),
  {
    name: 'axe: the login in both themes',
    run: async (scene) => {
      const { window } = scene;
      await window.part('log-out').click();
      await window.part('login-name').waitFor();
      const looks = await judge(scene, 'login');
      await window.logIn(ACCOUNT.name, ACCOUNT.password);
      await window.part('room-name').filter({ hasText: /./ }).waitFor();
      return { looks };
    },
  },
  {
    name: 'nothing is cut off at 900 pixels',
    run: async ({ window }) => {
      await window.page.setViewportSize(NARROW);
      const overhangs: string[] = [];
      for (const screen of SCREENS) {
        await window.go(screen);
        const overhang = await window.overhang();
        if (overhang > 0) overhangs.push(`${screen} by ${overhang}`);
      }
      await window.page.setViewportSize(WIDE);
      expectSame('what is wider than the window', overhangs, []);
      return { screens: SCREENS.length };
    },
  },
  {
    name: 'several hundred members are shown, found and scrolled through',
    run: async ({ stage, window }) => {
      const { fake } = stage;
      // The real relay would have to be filled with as many clients, which the bots do elsewhere.
      if (fake === null) return { ran: false };
      await window.go('room');
      const from = performance.now();
      const crowd = fakeCrowd(300, 100).filter((member) => member.token >= 100);
      for (const member of crowd) fake.putMember(member);
      await window.page.waitForFunction(
        (count) => document.querySelectorAll('[data-testid="member"]').length >= count,
        crowd.length,
      );
      const shownMs = Math.round(performance.now() - from);
      expectThat(shownMs < MAX_CROWD_MS, `it took ${shownMs} ms`);
      await window.part('member-search').fill('Guest 299');
      expectSame('rows', await window.part('member').count(), 1);
      await window.part('member-search').fill('');
      await window.member('Guest 300').scrollIntoViewIfNeeded();
      for (const { token } of crowd) fake.dropMember(token);
      return { members: crowd.length, shownMs };
    },
  },
];
