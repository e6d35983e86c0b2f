import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a child may take to end after SIGTERM before it gets SIGKILL, in ms. */
const MAX_ENDING_MS = 5_000;

/** Everything started and not yet ended; ended for good when this process exits, however it exits. */
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** How a child ended. */
export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type ChildOptions = {
  readonly env?: NodeJS.ProcessEnv;
  /** stderr, and stdout unless it is piped, go to this file; by default nowhere. */
  readonly logPath?: string;
  /** Leave stdout to the caller. */
  readonly pipeStdout?: boolean;
  /** Give the child a pipe as file descriptor 3 that the caller reads. */
  readonly pipeThird?: boolean;
};

/** A program started by a run, ended by its process id. */
export class Child {
  readonly name: string;
  readonly pid: number;
  readonly stdout: Readable | null;
  readonly third: Readable | null;
  /** Settles when the child has ended. */
  readonly ended: Promise<Ending>;
  #process: ChildProcess;
  #ending: Ending | null = null;

  /** @throws Error when the program cannot be started */
  static async start(command: string, args: readonly string[], options: ChildOptions = {}): Promise<Child> {
    const log = options.logPath === undefined ? 'ignore' : openSync(options.logPath, 'a');
    const child = spawn(command, args, {
      env: options.env ?? process.env,
      stdio: ['ignore', options.pipeStdout ? 'pipe' : log, log, options.pipeThird ? 'pipe' : 'ignore'],
    });
    if (typeof log === 'number') closeSync(log);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new Error(`${command} does not start: ${error.message}`)));
    });
    return new Child(command, child);
  }

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.pid = child.pid ?? 0;
    this.#process = child;
    this.stdout = child.stdout;
    this.third = (child.stdio[3] as Readable | null | undefined) ?? null;
    alive.add(child);
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        alive.delete(child);
        this.#ending = { code, signal };
        resolve(this.#ending);
      });
    });
  }

  /** How it ended, or null while it runs. */
  get ending(): Ending | null {
    return this.#ending;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#ending === null) this.#process.kill(signal);
  }

  /**
   * Ends it with SIGTERM, and with SIGKILL when it does not end in time.
   *
   * @returns how long it took, and whether SIGKILL was needed
   */
  async stop(maxMs: number = MAX_ENDING_MS): Promise<{ tookMs: number; killed: boolean; ending: Ending }> {
    const startMs = performance.now();
    this.signal('SIGTERM');
    const inTime = await within(this.ended, maxMs);
    if (inTime === null) this.signal('SIGKILL');
    const ending = inTime ?? (await this.ended);
    return { tookMs: performance.now() - startMs, killed: inTime === null, ending };
  }
}

/** The value of a promise, or null when it takes longer than `maxMs`. */
export async function within<T>(promise: Promise<T>, maxMs: number): Promise<T | null> {
  const stopWaiting = new AbortController();
  try {
    return await Promise.race([promise, sleep(maxMs, null, { signal: stopWaiting.signal })]);
  } finally {
    stopWaiting.abort();
  }
}

/**
 * How long something may take that has to come, but whose speed is not what is checked, in ms: a busy machine has
 * taken a third of this.
 */
export const PATIENCE_MS = 30_000;

/**
 * Asks again and again until the answer is there.
 *
 * @param what - completes "timed out waiting for …"
 * @param ask - gives null while there is no answer yet
 * @throws Error when `maxMs` have passed
 */
export async function waitFor<T>(
  what: string,
  maxMs: number,
  ask: () => Promise<T | null> | T | null,
): Promise<T> {
  const deadlineMs = performance.now() + maxMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadlineMs) throw new Error(`timed out after ${maxMs} ms waiting for ${what}`);
    await sleep(25);
  }
}

/**
 * Runs a program to its end.
 *
 * @returns what it printed to stdout
 * @throws Error when it fails or takes longer than `maxMs`
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly maxMs?: number } = {},
): Promise<string> {
  const child = await Child.start(command, args, { env: options.env ?? process.env, pipeStdout: true });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const drained = new Promise((resolve) => child.stdout?.once('close', resolve));
  const maxMs = options.maxMs ?? 10_000;
  const ending = await within(child.ended, maxMs);
  if (ending === null) {
    await child.stop(500);
    throw new Error(`${command} ${args.join(' ')} took longer than ${maxMs} ms`);
  }
  await drained;
  const output = Buffer.concat(chunks).toString('utf8');
  if (ending.code !== 0)
    throw new Error(`${command} ${args.join(' ')} failed (${ending.code ?? ending.signal})`);
  return output;
}
