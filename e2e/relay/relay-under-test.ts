import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { Child, type Ending, waitFor, within } from '../rig/child.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The built program. */
export const PROGRAM = join(ROOT, 'out/main/cli.js');

/** Longest start, in ms, on a machine that does other things too. */
const MAX_START_MS = 20_000;

/** Longest wait for a command that answers and ends, in ms. */
const MAX_COMMAND_MS = 15_000;

const lineSchema = z.looseObject({ level: z.string(), time: z.string(), event: z.string(), msg: z.string() });
export type LogLine = z.infer<typeof lineSchema>;

/** What every run may see of the environment: nothing of `sidetone relay` itself, unless a check says so. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(SIDETONE_|NOTIFY_SOCKET|WATCHDOG_|STATE_DIRECTORY|XDG_DATA_HOME)/.test(name),
  );
  return Object.fromEntries(kept);
}

/** `sidetone relay` as a process, and what it logs. */
export class RelayUnderTest {
  readonly child: Child;
  /** Parsed; a line that is none of the log ends up in `strays`. */
  readonly lines: LogLine[] = [];
  readonly strays: string[] = [];
  readonly #errorPath: string;
  readonly #drained: Promise<void>;

  /** @param folder for what it says on standard error */
  static async start(
    env: NodeJS.ProcessEnv,
    folder: string,
    args: readonly string[] = ['relay'],
  ): Promise<RelayUnderTest> {
    const errorPath = join(folder, `stderr-${performance.now()}.txt`);
    const child = await Child.start(process.execPath, [PROGRAM, ...args], {
      env: { ...cleanEnvironment(), ...env },
      logPath: errorPath,
      pipeStdout: true,
    });
    return new RelayUnderTest(child, errorPath);
  }

  private constructor(child: Child, errorPath: string) {
    this.child = child;
    this.#errorPath = errorPath;
    const { stdout } = child;
    if (stdout === null) throw new Error('its standard output is not piped');
    const lines = createInterface({ input: stdout });
    lines.on('line', (line) => this.#take(line));
    this.#drained = new Promise((resolve) => lines.once('close', () => resolve()));
  }

  /** What it said to people. */
  get said(): string {
    return readFileSync(this.#errorPath, 'utf8');
  }

  /** Everything that it wrote, for a search. */
  get wrote(): string {
    return [...this.lines.map((line) => JSON.stringify(line)), ...this.strays, this.said].join('\n');
  }

  /** Waits for the `count`-th line of an event. @throws Error when it does not come, or the program ended before */
  async logged(event: string, count = 1, maxMs = MAX_START_MS): Promise<LogLine> {
    return waitFor(`"${event}" in the log`, maxMs, () => {
      const line = this.lines.filter((one) => one.event === event)[count - 1];
      if (line === undefined && this.child.ending !== null)
        throw new Error(`it ended before it logged "${event}": ${this.said}`);
      return line ?? null;
    });
  }

  async ended(maxMs = MAX_START_MS): Promise<Ending> {
    const ending = await within(this.child.ended, maxMs);
    if (ending === null) throw new Error('it does not end');
    await this.#drained;
    return ending;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Ending> {
    this.child.signal(signal);
    return this.ended();
  }

  #take(text: string): void {
    try {
      this.lines.push(lineSchema.parse(JSON.parse(text)));
    } catch {
      this.strays.push(text);
    }
  }
}

/** What a command that ends by itself said, and how it ended. */
export interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly said: string;
}

/** Runs `sidetone` with these arguments to its end. */
export async function runCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  folder: string,
): Promise<Answer> {
  const run = await RelayUnderTest.start(env, folder, args);
  const { code } = await run.ended(MAX_COMMAND_MS);
  return { code, out: run.strays.join('\n'), said: run.said };
}
