import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { endWithThisProcess } from './children.ts';

/** Longest answer, in ms: what was measured for a minute, and what came late. */
const MAX_ANSWER_MS = 120_000;

/**
 * Arguments of `nice`: our relay raises its own priority by so much, where it may. Everything else that is compared gets
 * the same, and the load generator too.
 */
export const NICE: readonly string[] = ['-n', '-11'];

/** A program that answers each line with a line. */
export class LineProgram {
  readonly name: string;
  readonly pid: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;
  #waiting: ((line: string | null) => void) | null = null;
  #over = false;

  /**
   * @param nice arguments of `nice`
   * @throws Error when it cannot be started
   */
  static async start(
    path: string,
    args: readonly string[] = [],
    nice: readonly string[] = NICE,
  ): Promise<LineProgram> {
    const child = spawn('nice', [...nice, path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return new LineProgram(path, child);
  }

  private constructor(name: string, child: ChildProcessByStdio<Writable, Readable, null>) {
    this.name = name;
    this.pid = child.pid ?? 0;
    this.#child = child;
    endWithThisProcess(child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (this.#waiting === null) this.#lines.push(line);
      else this.#waiting(line);
    });
    // Writing to one that has ended: the answer that does not come tells.
    child.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      child.once('close', () => {
        this.#over = true;
        this.#waiting?.(null);
        resolve();
      });
    });
  }

  /**
   * The next line that it prints.
   *
   * @throws Error when it ends, or prints none in time
   */
  async line(): Promise<string> {
    const ready = this.#lines.shift();
    if (ready !== undefined) return ready;
    if (this.#over) throw new Error(`${this.name} has ended`);
    let timer: NodeJS.Timeout | undefined;
    const line = await new Promise<string | null>((resolve) => {
      this.#waiting = resolve;
      timer = setTimeout(() => resolve(null), MAX_ANSWER_MS);
    });
    clearTimeout(timer);
    this.#waiting = null;
    if (line === null) throw new Error(`${this.name} does not answer`);
    return line;
  }

  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  async ask(line: string): Promise<string> {
    this.tell(line);
    return this.line();
  }

  /** Ends it by ending its input, and otherwise by force. */
  async stop(): Promise<void> {
    this.#child.stdin.end();
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), 1_000);
    await this.#ended;
    clearTimeout(limit);
  }
}
