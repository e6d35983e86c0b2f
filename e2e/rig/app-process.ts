import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Child, waitFor } from './child.ts';

/** How long the program may take until it says where its window is, in ms. */
const MAX_START_MS = 20_000;

/** How long it may take to end after SIGTERM, in ms; longer is a defect. */
export const MAX_STOP_MS = 5_000;

const ADDRESS_LINE = /^Sidetone is at (http:\/\/127\.0\.0\.1:\d+\/\?token=\S+)$/;

/** The built entry of the browser shell. */
export const BROWSER_SHELL = join(import.meta.dirname, '../../out/main/browser.js');

export type AppOptions = {
  /** Its own folder for settings and rooms. */
  readonly dataFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logPath: string;
};

/** One running copy of Sidetone in the browser shell, without a window yet. */
export class AppProcess {
  /** Where its window is, with the one-time token. */
  readonly address: string;
  readonly #child: Child;

  /** @throws Error when it ends or stays silent instead of printing its address */
  static async start(options: AppOptions): Promise<AppProcess> {
    const env = { ...options.env, SIDETONE_DATA_DIR: options.dataFolder, SIDETONE_DEBUG: '1' };
    const child = await Child.start(process.execPath, [BROWSER_SHELL, '--no-open'], {
      env,
      logPath: options.logPath,
      pipeStdout: true,
    });
    let address: string | null = null;
    // Other lines come too: the sound library prints when it opens a device.
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        address ??= ADDRESS_LINE.exec(line)?.[1] ?? null;
      });
    }
    try {
      const found = await waitFor('the line with the address', MAX_START_MS, () => {
        if (child.ending !== null) throw new Error(`Sidetone ended at once; its log is ${options.logPath}`);
        return address;
      });
      return new AppProcess(child, found);
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  private constructor(child: Child, address: string) {
    this.#child = child;
    this.address = address;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.ending === null;
  }

  /**
   * Resident memory of the program and every process it started.
   *
   * @returns bytes
   */
  residentBytes(): number {
    return [this.pid, ...childrenOf(this.pid)].reduce((sum, pid) => sum + residentBytesOf(pid), 0);
  }

  /** The process that listens to the keyboard. */
  hotkeyPid(): number | null {
    return childrenOf(this.pid).find((pid) => commandLineOf(pid).includes('hotkey-process')) ?? null;
  }

  /** Asks it to end, as a service manager would. */
  async stop(): Promise<{ tookMs: number; killed: boolean }> {
    const { tookMs, killed } = await this.#child.stop(MAX_STOP_MS);
    return { tookMs, killed };
  }
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It ended in the meantime.
    return '';
  }
}

function commandLineOf(pid: number): string {
  return readProc(pid, 'cmdline').replaceAll('\0', ' ');
}

function residentBytesOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, 'status'))?.[1] ?? 0) * 1024;
}

/** Direct children of a process, by the parent named in /proc. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => Number(/^PPid:\s+(\d+)$/m.exec(readProc(pid, 'status'))?.[1] ?? 0) === parent);
}
