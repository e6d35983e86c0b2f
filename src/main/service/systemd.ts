import { execFile } from 'node:child_process';

export interface SystemdOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly pid: number;
  /** Sends a datagram to the socket that NOTIFY_SOCKET names. @returns false when this build cannot */
  readonly notify: (text: string) => boolean;
  /** Told once. */
  readonly onDidFail: () => void;
}

/** Longest run of systemd's own program, in ms. */
const MAX_PROGRAM_MS = 5_000;

/** The service manager of the machine, as sd_notify(3) has it. Where there is none, nothing happens. */
export class Systemd {
  readonly #options: SystemdOptions;
  readonly #present: boolean;
  #failed = false;
  /** One after the other, so that what is sent last is what holds. */
  #sending: Promise<void> = Promise.resolve();

  constructor(options: SystemdOptions) {
    this.#options = options;
    this.#present = (options.environment.NOTIFY_SOCKET ?? '') !== '';
  }

  /** How often systemd wants to hear that all is well, in ms, halved as it advises; null: it does not. */
  get watchdogMs(): number | null {
    const { WATCHDOG_USEC, WATCHDOG_PID } = this.#options.environment;
    // The variables are inherited: they may be meant for the process that started this one.
    if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(this.#options.pid)) return null;
    const intervalUs = Number(WATCHDOG_USEC);
    return this.#present && Number.isSafeInteger(intervalUs) && intervalUs > 0 ? intervalUs / 2_000 : null;
  }

  ready(status: string): void {
    this.#send(['READY=1', `STATUS=${status}`]);
  }

  status(status: string): void {
    this.#send([`STATUS=${status}`]);
  }

  alive(): void {
    this.#send(['WATCHDOG=1']);
  }

  /** To be followed by `ready`. */
  reloading(): void {
    // CLOCK_MONOTONIC, which is what hrtime reads.
    this.#send(['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`]);
  }

  stopping(status: string): void {
    this.#send(['STOPPING=1', `STATUS=${status}`]);
  }

  /** Resolves when everything has been sent. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  #send(lines: readonly string[]): void {
    if (!this.#present || this.#options.notify(lines.join('\n'))) return;
    this.#sending = this.#sending.then(() => this.#sendByProgram(lines));
  }

  #sendByProgram(lines: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      execFile('systemd-notify', lines, { timeout: MAX_PROGRAM_MS }, (error) => {
        if (error !== null && !this.#failed) {
          this.#failed = true;
          this.#options.onDidFail();
        }
        resolve();
      });
    });
  }
}
