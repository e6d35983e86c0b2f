import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { RelayNews, RelayOrder, RelayPlace } from './relay-news.ts';

/** Longest start, in ms, on a machine that does other things too. */
const MAX_START_MS = 20_000;

/** Longest farewell, in ms. */
const MAX_STOP_MS = 5_000;

/** A relay in a process of its own. */
export class RelayProcess {
  readonly port: number;
  readonly certificateSha256: string;
  /** As it told them last, at most a second ago. */
  counters: Readonly<Record<string, number>> = {};
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  /** @throws Error when it does not listen in time */
  static async start(
    place: Omit<RelayPlace, 'ownerIdentity'> & { readonly ownerIdentity?: string },
  ): Promise<RelayProcess> {
    const whole: RelayPlace = { ownerIdentity: null, ...place };
    const child = fork(join(import.meta.dirname, 'relay-program.ts'), [JSON.stringify(whole)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const listening = await new Promise<Extract<RelayNews, { kind: 'listening' }>>((resolve, reject) => {
      const limit = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error('the relay does not start'));
      }, MAX_START_MS);
      child.once('exit', () => reject(new Error('the relay ended at its start')));
      child.on('message', (news: RelayNews) => {
        if (news.kind !== 'listening') return;
        clearTimeout(limit);
        resolve(news);
      });
    });
    return new RelayProcess(child, listening);
  }

  private constructor(child: ChildProcess, listening: Extract<RelayNews, { kind: 'listening' }>) {
    this.#child = child;
    this.port = listening.port;
    this.certificateSha256 = listening.certificateSha256;
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()));
    child.on('message', (news: RelayNews) => {
      if (news.kind === 'counters') this.counters = news.counters;
    });
  }

  /** Ends it from one moment to the next. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Asks it to end, saying farewell. */
  async stop(reason: RelayOrder['reason'] = 'closing'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const order: RelayOrder = { kind: 'stop', reason };
    this.#child.send(order);
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), MAX_STOP_MS);
    await this.#ended;
    clearTimeout(limit);
  }
}
