import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type {
  HonestCommand,
  HonestData,
  HonestEvent,
  HonestMember,
  HonestReport,
  NewcomerReport,
} from './honest-protocol.ts';

/** Longest wait for an answer beyond what was asked for, in ms. */
const PATIENCE_MS = 30_000;

type Order = HonestCommand extends infer Command
  ? Command extends HonestCommand
    ? Omit<Command, 'id'>
    : never
  : never;

/** The honest members, in a thread of their own: what attackers take of their thread's time is not their doing. */
export class HonestCrowd {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (event: HonestEvent) => void>();
  #lastId = 0;
  /** What killed the thread: an attack that reached the honest. */
  #death: string | null = null;
  /** Filled by `join`. */
  members: readonly HonestMember[] = [];

  constructor(data: HonestData) {
    this.#worker = new Worker(join(import.meta.dirname, 'honest-thread.ts'), { workerData: data });
    this.#worker.on('message', (event: HonestEvent) => {
      this.#waiting.get(event.id)?.(event);
      this.#waiting.delete(event.id);
    });
    this.#worker.on('error', (error) => {
      this.#death = error instanceof Error ? error.message : String(error);
      for (const [id, take] of this.#waiting) take({ id, kind: 'failed', sentence: this.#death });
      this.#waiting.clear();
    });
  }

  /** Lets them in, and waits until they hear each other. */
  async join(): Promise<void> {
    const event = await this.#ask({ kind: 'join' });
    if (event.kind === 'joined') this.members = event.members;
  }

  async begin(): Promise<void> {
    await this.#ask({ kind: 'begin' });
  }

  async end(): Promise<HonestReport> {
    const event = await this.#ask({ kind: 'end' });
    if (event.kind !== 'report') throw new Error('the honest did not report');
    return event.report;
  }

  /** Somebody honest wants in, and to hear and be heard by all. */
  async newcomer(
    nickname: string,
    maxMs: number,
    options: { readonly password?: string; readonly roundTripMs?: number } = {},
  ): Promise<NewcomerReport> {
    const { password = null, roundTripMs = 0 } = options;
    const event = await this.#ask({ kind: 'newcomer', nickname, password, maxMs, roundTripMs }, maxMs);
    if (event.kind !== 'newcomer') throw new Error('the newcomer did not report');
    return event.report;
  }

  async farewell(nickname: string): Promise<void> {
    await this.#ask({ kind: 'farewell', nickname });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(order: Order, extraMs = 0): Promise<HonestEvent> {
    if (this.#death !== null) return Promise.reject(new Error(`the honest have died: ${this.#death}`));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`the honest did not answer to ${order.kind}`)),
        PATIENCE_MS + extraMs,
      );
      this.#waiting.set(id, (event) => {
        clearTimeout(limit);
        if (event.kind === 'failed') reject(new Error(`the honest: ${event.sentence}`));
        else resolve(event);
      });
      this.#worker.postMessage({ id, ...order });
    });
  }
}
