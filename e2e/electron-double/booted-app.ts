import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppState, appStateSchema } from '../../src/contract/dto.ts';
import type { CommandName } from '../../src/contract/ipc.ts';
import type { ControlReply, Controls, FrameKind, Invoked } from './control.ts';

const ENTRY = join(import.meta.dirname, '../../out/main/index.js');
const REGISTER = join(import.meta.dirname, 'register.ts');

/** Longest wait for anything to happen, in ms; a loaded machine gets its time. */
const MAX_WAIT_MS = 15_000;

export interface BootOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Reuses the data of an earlier boot. */
  readonly dataFolder?: string;
}

/** The built main bundle, running under Node against the double, in a process of its own. */
export class BootedApp {
  readonly dataFolder: string;
  /** Everything it printed, for the message of a failure. */
  output = '';
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: ControlReply) => void>();
  readonly #ended: Promise<number>;
  #nextId = 1;

  constructor({ args = [], env = {}, dataFolder }: BootOptions = {}) {
    this.dataFolder = dataFolder ?? mkdtempSync(join(tmpdir(), 'sidetone-double-'));
    this.#child = spawn(process.execPath, ['--import', REGISTER, ENTRY, ...args], {
      env: {
        ...process.env,
        // The keyboard of whoever runs the tests is left alone.
        DISPLAY: '',
        SIDETONE_AUDIO_BACKEND: 'null',
        SIDETONE_DATA_DIR: this.dataFolder,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        for (const [id, settle] of this.#waiting)
          settle({ id, error: `the program ended: ${code ?? signal}` });
        resolve(code ?? -1);
      });
    });
    this.#child.on('message', (reply: ControlReply) => {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
  }

  /** Asks the double. @throws Error where it cannot answer, or the program ended */
  async ask<Op extends keyof Controls>(
    op: Op,
    ...args: Parameters<Controls[Op]>
  ): Promise<Awaited<ReturnType<Controls[Op]>>> {
    const id = this.#nextId;
    this.#nextId += 1;
    const reply = await new Promise<ControlReply>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, op, args }, (error) => {
        if (error !== null) resolve({ id, error: String(error) });
      });
    });
    if (reply.error !== undefined) throw new Error(`${op}: ${reply.error}\n${this.output}`);
    return reply.value as Awaited<ReturnType<Controls[Op]>>;
  }

  /** Calls a command as the window does. */
  invoke(command: CommandName, payload: unknown, frame: FrameKind = 'main'): Promise<Invoked> {
    return this.ask('invoke', `command:${command}`, payload, frame);
  }

  /** The state as the window gets it, checked against the contract. */
  async state(): Promise<AppState> {
    const result = await this.invoke('getState', null);
    if (!result.ok) throw new Error(result.message);
    return appStateSchema.parse(result.answer);
  }

  /** Waits until the window is there. */
  async opened(): Promise<this> {
    await until(async () => ((await this.ask('snapshot')).windows.length === 1 ? true : null), 'a window');
    return this;
  }

  /** @returns the exit code */
  ended(): Promise<number> {
    return Promise.race([
      this.#ended,
      new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error(`it did not end\n${this.output}`)), MAX_WAIT_MS).unref();
      }),
    ]);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it, if it still runs, and takes its data away. */
  async dispose(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.dataFolder, { recursive: true, force: true });
  }
}

/** Asks again and again until there is something other than null. */
export async function until<T>(probe: () => Promise<T | null>, what: string): Promise<T> {
  const endMs = performance.now() + MAX_WAIT_MS;
  for (;;) {
    const found = await probe();
    if (found !== null) return found;
    if (performance.now() > endMs) throw new Error(`${what}: not within ${MAX_WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
