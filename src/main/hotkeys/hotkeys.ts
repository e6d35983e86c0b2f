import { type ChildProcess, fork } from 'node:child_process';
import { HEARTBEAT_LIMIT_MS, type HotkeyEvent } from './hotkey-protocol.ts';
import type { KeyBindings } from './key-bindings.ts';

export interface HotkeysOptions {
  /** The built hotkey-process. */
  readonly processPath: string;
  readonly keys: KeyBindings;
  /** A sentence when the global keys do not work, empty when they work again. */
  readonly onDidChangeProblem: (problem: string) => void;
  readonly environment?: NodeJS.ProcessEnv;
  readonly platform?: NodeJS.Platform;
}

export interface Hotkeys {
  /** Process id of the running hook, null while there is none. */
  readonly processId: number | null;
  close(): void;
}

/** Pauses before a dead hook is started again, in ms; the last one repeats. */
const RESTART_DELAYS_MS = [250, 1_000, 5_000, 30_000];

/** A hook that ran this long was healthy: the pauses start over, in ms. */
const HEALTHY_MS = 60_000;

const NO_DISPLAY =
  'The global keys need a graphical session, and there is none here. The buttons in the window work.';

/** Starts the hook process and keeps it running. */
export function startHotkeys(options: HotkeysOptions): Hotkeys {
  return new HotkeyHost(options);
}

class HotkeyHost implements Hotkeys {
  readonly #options: HotkeysOptions;
  #child: ChildProcess | null = null;
  #watchdog: NodeJS.Timeout | null = null;
  #restart: NodeJS.Timeout | null = null;
  #failures = 0;
  #startedMs = 0;
  #ready = false;
  #reason = '';
  #closed = false;

  constructor(options: HotkeysOptions) {
    this.#options = options;
    const { platform = process.platform, environment = process.env } = options;
    if (platform === 'linux' && (environment.DISPLAY ?? '') === '') options.onDidChangeProblem(NO_DISPLAY);
    else this.#start();
  }

  get processId(): number | null {
    return this.#child?.pid ?? null;
  }

  close(): void {
    this.#closed = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#end();
  }

  #start(): void {
    this.#startedMs = performance.now();
    this.#ready = false;
    this.#reason = '';
    const { environment = process.env, processPath } = this.#options;
    // Under Electron the same binary is asked to be plain Node.
    const child = fork(processPath, { env: { ...environment, ELECTRON_RUN_AS_NODE: '1' }, execArgv: [] });
    this.#child = child;
    child.on('message', (event: HotkeyEvent) => this.#handleEvent(event));
    child.on('error', (error) => {
      this.#reason = error.message;
    });
    child.once('exit', () => {
      if (this.#child === child) this.#handleDeath();
    });
    this.#feedWatchdog();
  }

  #handleEvent(event: HotkeyEvent): void {
    const { keys } = this.#options;
    switch (event.kind) {
      case 'beat':
        this.#feedWatchdog();
        if (!this.#ready) this.#handleReady();
        return;
      case 'down':
        keys.handleDown(event.trigger, event.label);
        return;
      case 'up':
        keys.handleUp(event.trigger);
        return;
      case 'failed':
        this.#reason = event.reason;
        return;
    }
  }

  #handleReady(): void {
    this.#ready = true;
    const child = this.#child;
    this.#options.keys.handleHookReady((command) => {
      if (child?.connected === true) child.send(command);
    });
    this.#options.onDidChangeProblem('');
  }

  #feedWatchdog(): void {
    if (this.#watchdog !== null) clearTimeout(this.#watchdog);
    // The first beat comes only after the native library is loaded, so a start gets more time.
    const limitMs = this.#ready ? HEARTBEAT_LIMIT_MS : 10 * HEARTBEAT_LIMIT_MS;
    this.#watchdog = setTimeout(() => this.#judgeSilence(), limitMs);
  }

  /**
   * The beats may be waiting unread because this thread itself was held up: they are handled before an immediate,
   * and then feed the watchdog anew.
   */
  #judgeSilence(): void {
    const judged = this.#watchdog;
    setImmediate(() => {
      if (judged === this.#watchdog) this.#handleDeath();
    });
  }

  #handleDeath(): void {
    this.#end();
    if (this.#closed) return;
    if (performance.now() - this.#startedMs > HEALTHY_MS) this.#failures = 0;
    const delayMs = RESTART_DELAYS_MS[Math.min(this.#failures, RESTART_DELAYS_MS.length - 1)] ?? 0;
    this.#failures += 1;
    const detail = this.#reason === '' ? 'its process stopped' : this.#reason;
    this.#options.onDidChangeProblem(
      `The global keys do not work right now (${detail}); they are being started again. The buttons in the window work.`,
    );
    this.#restart = setTimeout(() => this.#start(), delayMs);
  }

  #end(): void {
    if (this.#watchdog !== null) clearTimeout(this.#watchdog);
    this.#watchdog = null;
    const child = this.#child;
    this.#child = null;
    this.#options.keys.handleHookLost();
    child?.removeAllListeners('message');
    child?.kill('SIGKILL');
  }
}
