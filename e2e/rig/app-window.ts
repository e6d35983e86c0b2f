import { chromium, type Locator, type Page } from 'playwright-core';
import type { Activation, AppState, Stats } from '../../src/contract/dto.ts';
import type { SidetoneApi } from '../../src/contract/ipc.ts';
import type { ProcessingSettings } from '../../src/contract/sound.ts';
import { waitFor } from './child.ts';
import { chromiumPath } from './programs.ts';

/** How long anything in the window may take to appear, in ms. */
const MAX_WAIT_MS = 10_000;

/**
 * No look-ups of its own on a closed network, and no slowing down of what is in the background: the test, not
 * the browser, decides what is busy.
 */
const BROWSER_FLAGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

export type WindowOptions = {
  readonly address: string;
  readonly profileFolder: string;
  /** WM_CLASS, to find the window on the display. */
  readonly windowClass: string;
  /** Left edge on the screen, in pixels. */
  readonly leftPx: number;
  readonly env: NodeJS.ProcessEnv;
};

/** The window of one copy of Sidetone, used as a person uses it. */
export class AppWindow {
  readonly page: Page;

  static async open(options: WindowOptions): Promise<AppWindow> {
    const executablePath = chromiumPath();
    if (executablePath === null) throw new Error('there is no Chromium to show the window in');
    const place = [
      `--window-position=${options.leftPx},0`,
      '--window-size=780,760',
      `--class=${options.windowClass}`,
    ];
    // Chromium refuses to run its sandbox as root.
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const context = await chromium.launchPersistentContext(options.profileFolder, {
      executablePath,
      headless: false,
      viewport: null,
      env: Object.fromEntries(
        Object.entries(options.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
      args: [...BROWSER_FLAGS, ...place, ...sandbox],
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    context.setDefaultTimeout(MAX_WAIT_MS);
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(options.address);
    return AppWindow.around(page);
  }

  /** Takes a page that is opening, whichever shell shows it, and waits until it can be used. */
  static async around(page: Page): Promise<AppWindow> {
    const window = new AppWindow(page);
    await window.part('join-target').waitFor();
    return window;
  }

  private constructor(page: Page) {
    this.page = page;
  }

  /** A part of the window by its test id. */
  part(id: string): Locator {
    return this.page.getByTestId(id);
  }

  /** @returns the whole state, as the window got it */
  async state(): Promise<AppState> {
    return this.page.evaluate(() => (globalThis as unknown as { sidetone: SidetoneApi }).sidetone.getState());
  }

  /** @returns what was set before */
  async setProcessing(processing: ProcessingSettings): Promise<ProcessingSettings> {
    const { processing: before } = await this.state();
    const outcome = await this.page.evaluate(
      (wanted) => (globalThis as unknown as { sidetone: SidetoneApi }).sidetone.setProcessing(wanted),
      processing,
    );
    if (!outcome.ok) throw new Error(outcome.sentence);
    return before;
  }

  async stats(): Promise<Stats> {
    return this.page.evaluate(() => (globalThis as unknown as { sidetone: SidetoneApi }).sidetone.getStats());
  }

  /** Keeps the program's main thread busy; returns when it is free again. */
  async blockMainThread(milliseconds: number): Promise<void> {
    const outcome = await this.page.evaluate(
      (ms) =>
        (globalThis as unknown as { sidetone: SidetoneApi }).sidetone.blockMainThread({ milliseconds: ms }),
      milliseconds,
    );
    if (!outcome.ok) throw new Error(outcome.sentence);
  }

  /** Waits until a part of the window has an attribute of that value. */
  async waitForAttribute(id: string, attribute: string, value: string): Promise<void> {
    await waitFor(`${id} to have ${attribute} ${value}`, MAX_WAIT_MS, async () => {
      const part = this.part(id);
      return (await part.count()) > 0 && (await part.getAttribute(attribute)) === value ? true : null;
    });
  }

  /** Waits until the window shows the connection in that phase. */
  async waitForPhase(phase: AppState['connection']['phase']): Promise<void> {
    await this.waitForAttribute('connection-phase', 'data-phase', phase);
  }

  /** Waits until the window shows that voice gets through. */
  async waitForVoice(): Promise<void> {
    await this.waitForPhase('connected');
    await this.waitForAttribute('voice-path', 'data-alive', 'true');
  }

  /** Waits until exactly these people are shown as members. */
  async waitForMembers(nicknames: readonly string[]): Promise<void> {
    const wanted = [...nicknames].sort().join(', ');
    await waitFor(`the members ${wanted}`, MAX_WAIT_MS, async () => {
      const shown = await this.part('member').evaluateAll((rows) =>
        rows.map((row) => row.getAttribute('data-nickname') ?? ''),
      );
      return shown.sort().join(', ') === wanted ? true : null;
    });
  }

  /** Fills in the form for a room on the loopback address and sends it off. */
  async host(options: { nickname: string; roomName: string; port: number }): Promise<void> {
    await this.part('nickname').fill(options.nickname);
    await this.part('host-room-name').fill(options.roomName);
    await this.openAdvanced();
    await this.part('host-address').fill('127.0.0.1');
    await this.part('host-port').fill(String(options.port));
    await this.part('host').click();
  }

  /** Unfolds the part of the form that holds address and port. */
  async openAdvanced(): Promise<void> {
    if (await this.part('host-port').isVisible()) return;
    await this.part('host-advanced').click();
    await this.part('host-port').waitFor();
  }

  /** @returns the invite link as the window shows it */
  async inviteLink(): Promise<string> {
    const link = this.part('invite-link');
    await link.waitFor();
    return link.inputValue();
  }

  async join(nickname: string, target: string): Promise<void> {
    await this.part('nickname').fill(nickname);
    await this.part('join-target').fill(target);
    await this.part('join').click();
  }

  async leave(): Promise<void> {
    await this.part('leave').click();
    await this.waitForPhase('idle');
  }

  /** Opens the settings, does something there and closes them again. */
  async inSettings<T>(act: () => Promise<T>): Promise<T> {
    await this.part('settings-toggle').click();
    await this.part('input-device').waitFor();
    const result = await act();
    await this.part('settings-close').click();
    return result;
  }

  /** Chooses what opens the microphone; the settings must be open. */
  async chooseActivation(activation: Activation): Promise<void> {
    const choice = this.part(`activation-${activation}`);
    await choice.click();
    // The program decides, then the window shows it: a moment later than a plain form would.
    await waitFor(`the choice of ${activation}`, MAX_WAIT_MS, async () =>
      (await choice.isChecked()) ? true : null,
    );
  }

  /** Loudness of another member, 0 to 2, moved like a person with the keyboard would. */
  async setVolume(nickname: string, volume: 0 | 1): Promise<void> {
    const slider = this.page
      .locator(`[data-testid="member"][data-nickname="${nickname}"]`)
      .getByTestId('member-volume');
    if (volume === 0) {
      await slider.focus();
      await slider.press('Home');
    } else {
      await slider.dblclick();
    }
    await waitFor(`${nickname}'s volume to be ${volume}`, MAX_WAIT_MS, async () => {
      const { members } = await this.state();
      return members.find((member) => member.nickname === nickname)?.volume === volume ? true : null;
    });
  }

  /**
   * The newest sentence the window tells.
   *
   * @param pattern - what it must say
   */
  async waitForSentence(pattern: RegExp): Promise<string> {
    const told = this.page.locator('[data-testid="notice"], [data-testid$="-error"], [role="alert"]');
    return waitFor(`a sentence like ${pattern}`, MAX_WAIT_MS, async () => {
      const texts = await told.allInnerTexts();
      return (
        texts.map((text) => text.replaceAll('\n', ' ').trim()).find((text) => pattern.test(text)) ?? null
      );
    });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
