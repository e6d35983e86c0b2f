import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { endWithThisProcess } from './children.ts';
import type { RelayMemory, RelayNews, RelayOrder, RelayPlace } from './relay-news.ts';

/** Longest start, in ms, on a machine that does other things too. */
const MAX_START_MS = 20_000;

/** Longest farewell, in ms. */
const MAX_STOP_MS = 5_000;

/** Longest wait for an answer, in ms: behind everything that a relay has to do that cannot keep up. */
const MAX_ANSWER_MS = 30_000;

type News<Kind extends RelayNews['kind']> = Extract<RelayNews, { kind: Kind }>;

/** Our relay in a process of its own. */
export class OurProcess {
  readonly pid: number;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  /** @throws Error when it does not listen in time, or not with the voice socket that was asked for */
  static async start(place: RelayPlace): Promise<OurProcess> {
    const heapThread = pathToFileURL(join(import.meta.dirname, 'heap-thread.ts')).href;
    const child = fork(join(import.meta.dirname, 'relay-process.ts'), [JSON.stringify(place)], {
      execArgv: ['--expose-gc', '--import', heapThread],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    endWithThisProcess(child);
    const news = await next(child, 'listening', MAX_START_MS);
    if (news.voiceSocket === place.voiceSocket) return new OurProcess(child, news.port);
    child.kill('SIGKILL');
    throw new Error(`the relay takes voice by ${news.voiceSocket} instead of ${place.voiceSocket}`);
  }

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.port = port;
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()));
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Collects the garbage of the relay's thread and asks what is left. */
  async memory(): Promise<RelayMemory> {
    const answer = next(this.#child, 'memory', MAX_ANSWER_MS);
    this.#send({ kind: 'memory' });
    return (await answer).memory;
  }

  async stop(): Promise<void> {
    if (this.ended) return;
    this.#send({ kind: 'stop' });
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), MAX_STOP_MS);
    await this.#ended;
    clearTimeout(limit);
  }

  #send(order: RelayOrder): void {
    this.#child.send(order);
  }
}

/** @throws Error when it ends before, fails, or takes longer */
function next<Kind extends RelayNews['kind']>(
  child: ChildProcess,
  kind: Kind,
  maxMs: number,
): Promise<News<Kind>> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      clearTimeout(limit);
      child.off('message', onMessage);
      child.off('exit', onExit);
      outcome();
    };
    const onMessage = (news: RelayNews): void => {
      if (news.kind === kind) settle(() => resolve(news as News<Kind>));
      else if (news.kind === 'failed') settle(() => reject(new Error(news.sentence)));
    };
    const onExit = (): void => settle(() => reject(new Error('the relay has ended')));
    const limit = setTimeout(() => settle(() => reject(new Error('the relay does not answer'))), maxMs);
    child.on('message', onMessage);
    child.once('exit', onExit);
  });
}
