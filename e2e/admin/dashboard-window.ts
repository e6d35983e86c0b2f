import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { chromiumPath } from '../rig/programs.ts';

/** How long anything on the page may take to appear, in ms. */
export const MAX_WAIT_MS = 10_000;

const WIDE = { width: 1280, height: 800 } as const;

/** One rule that a page breaks, and where. */
export interface Violation {
  readonly rule: string;
  readonly where: string;
}

export type Theme = 'light' | 'dark';

declare global {
  interface Window {
    /** What the page tried against its policy. */
    policyViolations?: string[];
    axe?: {
      run(
        context: Document,
        options: object,
      ): Promise<{ violations: { id: string; nodes: { target: unknown[] }[] }[] }>;
    };
  }
}

/** Starts the browser that the journeys are walked in. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error('there is no Chromium to show the dashboard in');
  // Chromium refuses to run its sandbox as root.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args: [...sandbox, '--disable-gpu', '--no-first-run'] });
}

/** The dashboard in a window, used as a person uses it. */
export class DashboardWindow {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What went wrong in the page itself: its scripts, its policy. */
  readonly troubles: string[] = [];

  static async open(browser: Browser, base: string): Promise<DashboardWindow> {
    const context = await browser.newContext({
      viewport: WIDE,
      colorScheme: 'light',
      baseURL: base,
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(MAX_WAIT_MS);
    await context.addInitScript(() => {
      window.policyViolations = [];
      document.addEventListener('securitypolicyviolation', (event) => {
        window.policyViolations?.push(`${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    return new DashboardWindow(context, await context.newPage());
  }

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    page.on('pageerror', (error) => this.troubles.push(error.message));
    page.on('console', (message) => {
      // A refused request is part of the journeys, and the browser says so by itself.
      const refused = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !refused) this.troubles.push(message.text());
    });
  }

  /** A window of its own, as of another person. */
  async openAnother(base: string): Promise<DashboardWindow> {
    const browser = this.context.browser();
    if (browser === null) throw new Error('the browser has gone');
    return DashboardWindow.open(browser, base);
  }

  /** A part of the page by its test id. */
  part(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  /** The row of somebody in the room. */
  member(nickname: string): Locator {
    return this.page.locator(`[data-testid="member"][data-nickname="${nickname}"]`);
  }

  /** A channel of the room's screen. */
  channel(name: string): Locator {
    return this.page.locator(`[data-testid="channel"][data-name="${name}"]`);
  }

  /** A row of a list, by its name. */
  row(testId: string, name: string): Locator {
    return this.page.locator(`[data-testid="${testId}"][data-name="${name}"]`);
  }

  async go(screen: string): Promise<void> {
    await this.part(`nav-${screen}`).click();
    await this.part(`screen-${screen}`).waitFor();
  }

  async logIn(name: string, password: string): Promise<void> {
    await this.part('login-name').fill(name);
    await this.part('login-password').fill(password);
    await this.part('gate-submit').click();
  }

  /** Chooses something in a member's menu. */
  async choose(nickname: string, entry: string): Promise<void> {
    await this.member(nickname).getByTestId('member-more').click();
    await this.part(entry).click();
  }

  /** Sends the open dialog off and waits until it has closed. */
  async submit(dialog: string): Promise<void> {
    await this.part(dialog).getByTestId('dialog-submit').click();
    await this.part(dialog).waitFor({ state: 'detached' });
  }

  async announced(part: string): Promise<void> {
    await this.part('announcer').filter({ hasText: part }).waitFor({ state: 'attached' });
  }

  async showTheme(theme: Theme): Promise<void> {
    await this.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  }

  /** Holds the page, as it stands, against the rules. */
  async violations(): Promise<Violation[]> {
    await this.page.evaluate(axe.source);
    const found = await this.page.evaluate(async () => {
      const result = await window.axe?.run(document, { resultTypes: ['violations'] });
      return (result?.violations ?? [{ id: 'axe did not run', nodes: [] }]).map((violation) => ({
        rule: violation.id,
        where: violation.nodes.map((node) => String(node.target[0])).join(', '),
      }));
    });
    return found;
  }

  /** What the page tried against its policy since it was loaded. */
  async policyViolations(): Promise<string[]> {
    return this.page.evaluate(() => window.policyViolations ?? ['the page does not tell']);
  }

  /** How far the page is wider than the window, in CSS pixels. */
  async overhang(): Promise<number> {
    return this.page.evaluate(() => {
      const screen = document.querySelector('.screen');
      const inner = screen === null ? 0 : screen.scrollWidth - screen.clientWidth;
      return Math.max(inner, document.documentElement.scrollWidth - window.innerWidth);
    });
  }
}
