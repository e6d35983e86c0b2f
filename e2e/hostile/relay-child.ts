import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { waitFor } from '../rig/child.ts';
import type { RelayNews, RelayOrder, RelayProcessOptions, RelaySample } from './relay-protocol.ts';

/** Longest start of the relay's process, in ms, on a machine that does other things too. */
const MAX_START_MS = 20_000;

/** Longest wait for a sample, in ms: a relay that does not come round to it in this time is held up, which is a finding. */
const MAX_SAMPLE_MS = 15_000;

/** Longest farewell, in ms. */
const MAX_STOP_MS = 5_000;

/**
 * Each semi-space would grow from 1 to 16 MB, which in a short run looks like a leak. Held small, what grows is what
 * is kept.
 */
const NODE_OPTIONS = ['--expose-gc', '--max-semi-space-size=1'];

/** The relay under attack, in a process of its own. */
export class RelayChild {
  readonly port: number;
  readonly certificateSha256: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (sample: RelaySample) => void>();
  #lastId = 0;
  #ended = false;

  static async start(options: RelayProcessOptions): Promise<RelayChild> {
    const child = fork(join(import.meta.dirname, 'relay-process.ts'), [JSON.stringify(options)], {
      execArgv: NODE_OPTIONS,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const listening = await new Promise<Extract<RelayNews, { kind: 'listening' }>>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error('the relay does not start')), MAX_START_MS);
      child.once('exit', () => reject(new Error('the relay ended at its start')));
      child.once('message', (news: RelayNews) => {
        clearTimeout(limit);
        if (news.kind === 'listening') resolve(news);
        else reject(new Error('the relay did not say where it listens'));
      });
    });
    return new RelayChild(child, listening.port, listening.certificateSha256);
  }

  private constructor(child: ChildProcess, port: number, certificateSha256: string) {
    this.#child = child;
    this.port = port;
    this.certificateSha256 = certificateSha256;
    child.on('message', (news: RelayNews) => {
      if (news.kind !== 'sample') return;
      this.#waiting.get(news.id)?.(news.sample);
      this.#waiting.delete(news.id);
    });
    child.once('exit', () => {
      this.#ended = true;
    });
  }

  /** False once the relay's process has ended, whatever ended it. */
  get running(): boolean {
    return !this.#ended;
  }

  /** @param collect have garbage collected first, which holds the relay up for some 20 ms */
  async sample(collect = false): Promise<RelaySample> {
    if (this.#ended) throw new Error('the relay has died');
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error('the relay does not answer any more')), MAX_SAMPLE_MS);
      this.#waiting.set(id, (sample) => {
        clearTimeout(limit);
        resolve(sample);
      });
      this.#order({ kind: 'sample', id, collect });
    });
  }

  async counters(): Promise<Readonly<Record<string, number>>> {
    return (await this.sample()).counters;
  }

  /** Waits until a counter has reached `atLeast`. @returns its value then, or after `maxMs` */
  async counterReaches(name: string, atLeast: number, maxMs: number): Promise<number> {
    const read = async (): Promise<number> => (await this.counters())[name] ?? 0;
    const reached = async (): Promise<number | null> => {
      const value = await read();
      return value >= atLeast ? value : null;
    };
    return waitFor(`${name} to reach ${atLeast}`, maxMs, reached).catch(read);
  }

  async stop(): Promise<void> {
    if (this.#ended) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#order({ kind: 'stop' });
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), MAX_STOP_MS);
    await ended;
    clearTimeout(limit);
  }

  #order(order: RelayOrder): void {
    this.#child.send(order);
  }
}
