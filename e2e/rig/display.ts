import { Child, PATIENCE_MS, run, waitFor } from './child.ts';

/** A question to the window manager that is not answered within this time is asked again, in ms. */
const MAX_ANSWER_MS = 2_000;

/** Room for two windows side by side and a third one. */
const SCREEN = '1600x1000x24';

/**
 * A virtual screen with a window manager: without one, windows can neither lose the focus to one another nor be
 * minimised.
 */
export class VirtualDisplay {
  /** Like `:99`. */
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #server: Child;
  readonly #children: Child[] = [];

  /**
   * Starts Xvfb on a display number that it finds free by itself.
   *
   * @param env - what the programs on it inherit
   */
  static async start(env: NodeJS.ProcessEnv, logPath: string): Promise<VirtualDisplay> {
    const args = ['-displayfd', '3', '-screen', '0', SCREEN, '-nolisten', 'tcp'];
    const server = await Child.start('Xvfb', args, { env, logPath, pipeThird: true });
    let text = '';
    server.third?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    try {
      const number = await waitFor('Xvfb', PATIENCE_MS, () => {
        if (server.ending !== null) throw new Error(`Xvfb ended at once; its log is ${logPath}`);
        return /^(\d+)\n/.exec(text)?.[1] ?? null;
      });
      const display = new VirtualDisplay(server, `:${number}`, { ...env, DISPLAY: `:${number}` });
      await display.#startManager(logPath);
      return display;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  private constructor(server: Child, name: string, env: NodeJS.ProcessEnv) {
    this.#server = server;
    this.name = name;
    this.env = env;
  }

  /** Once in some hundred starts it is not there in time, or its answer never comes. */
  async #startManager(logPath: string): Promise<void> {
    const start = (): Promise<Child> => Child.start('openbox', ['--sm-disable'], { env: this.env, logPath });
    let manager = await start();
    this.#children.push(manager);
    await waitFor('the window manager', PATIENCE_MS, async () => {
      if (manager.ending !== null) {
        manager = await start();
        this.#children.push(manager);
      }
      return this.#managerName().catch(() => null);
    });
  }

  async #managerName(): Promise<string | null> {
    // xdotool answers this only with a window manager that follows EWMH.
    const question = ['get_num_desktops'];
    return (await run('xdotool', question, { env: this.env, maxMs: MAX_ANSWER_MS })).trim() || null;
  }

  /** @returns window ids, empty when there is none */
  async #search(kind: '--class' | '--name', pattern: string): Promise<string[]> {
    const args = ['search', '--onlyvisible', kind, pattern];
    const output = await run('xdotool', args, { env: this.env }).catch(() => '');
    return output.split('\n').filter((line) => line !== '');
  }

  /**
   * Opens a window of another program and gives it the focus.
   *
   * @returns its window id
   */
  async openOtherWindow(title: string): Promise<string> {
    const args = ['-title', title, '-geometry', '300x80+1250+800', 'Another program'];
    this.#children.push(await Child.start('xmessage', args, { env: this.env }));
    const id = await waitFor(`the window ${title}`, PATIENCE_MS, async () => {
      return (await this.#search('--name', `^${title}$`))[0] ?? null;
    });
    await this.focus(id);
    return id;
  }

  /** @returns the id of the window of that WM_CLASS */
  async windowOfClass(windowClass: string): Promise<string> {
    return waitFor(`a window of class ${windowClass}`, PATIENCE_MS, async () => {
      return (await this.#search('--class', `^${windowClass}$`))[0] ?? null;
    });
  }

  /** Gives a window the focus and waits until it has it. */
  async focus(id: string): Promise<void> {
    await run('xdotool', ['windowactivate', id], { env: this.env });
    await waitFor('the focus', PATIENCE_MS, async () => ((await this.activeWindow()) === id ? true : null));
  }

  /** @returns the id of the window that has the focus, or null */
  async activeWindow(): Promise<string | null> {
    return (await run('xdotool', ['getactivewindow'], { env: this.env }).catch(() => '')).trim() || null;
  }

  async minimise(id: string): Promise<void> {
    await run('xdotool', ['windowminimize', id], { env: this.env });
  }

  /** Presses a key on the keyboard itself, whichever window has the focus. */
  async keyDown(key: string): Promise<void> {
    await run('xdotool', ['keydown', key], { env: this.env });
  }

  async keyUp(key: string): Promise<void> {
    await run('xdotool', ['keyup', key], { env: this.env });
  }

  async stop(): Promise<void> {
    for (const child of this.#children.reverse()) await child.stop(2_000);
    await this.#server.stop();
  }
}
