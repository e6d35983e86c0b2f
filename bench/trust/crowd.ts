import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type CrowdCommand, type CrowdData, type CrowdEvent, wallClockMs } from './crowd-protocol.ts';

/** One thread per core of the machines this is measured on; the relay has a third. */
const THREADS = 2;

/** Longest wait for anything the crowd does, in ms. */
const PATIENCE_MS = 60_000;

/** Members without sound, in threads of their own, each a whole client: login, keys, sealing, sockets. */
export class Crowd {
  readonly size: number;
  readonly #workers: { readonly worker: Worker; readonly first: number; readonly count: number }[] = [];
  readonly #listeners = new Set<(event: CrowdEvent) => void>();

  constructor(options: { readonly size: number; readonly port: number; readonly certificateSha256: string }) {
    this.size = options.size;
    let first = 1;
    for (let thread = 0; thread < THREADS; thread += 1) {
      const count = Math.floor((options.size - first + 1) / (THREADS - thread));
      const data: CrowdData = {
        port: options.port,
        certificateSha256: options.certificateSha256,
        first,
        count,
        everybody: options.size,
      };
      const worker = new Worker(join(import.meta.dirname, 'crowd-worker.ts'), { workerData: data });
      worker.on('message', (event: CrowdEvent) => {
        for (const listener of this.#listeners) listener(event);
      });
      worker.on('error', (error) => {
        throw error;
      });
      this.#workers.push({ worker, first, count });
      first += count;
    }
  }

  /** Lets everybody in, spread evenly over `withinMs`. */
  joinAll(withinMs: number): void {
    for (const { worker, first, count } of this.#workers) {
      const delaysMs = Array.from(
        { length: count },
        (_, at) => ((first + at - 1) * withinMs) / Math.max(1, this.size - 1),
      );
      const command: CrowdCommand = { kind: 'join', delaysMs };
      worker.postMessage(command);
    }
  }

  leave(member: number): void {
    this.#order({ kind: 'leave', member });
  }

  rejoin(member: number): void {
    this.#order({ kind: 'rejoin', member });
  }

  /** From now on, `hearsAll` is reported once by each who has heard the `members` - 1 others. */
  listen(members: number): void {
    this.#order({ kind: 'listen', members });
  }

  /**
   * Collects one event of a kind from each of `members`, the first after the call.
   *
   * @returns the times by member
   * @throws Error when not all came in time
   */
  collect(
    kind: 'joined' | 'left' | 'key' | 'hearsAll',
    members: readonly number[],
    notBeforeMs = 0,
  ): Promise<Map<number, number>> {
    const missing = new Set(members);
    const times = new Map<number, number>();
    return new Promise((resolve, reject) => {
      const finish = (error: Error | null): void => {
        clearTimeout(limit);
        this.#listeners.delete(take);
        if (error === null) resolve(times);
        else reject(error);
      };
      const limit = setTimeout(
        () => finish(new Error(`${missing.size} of ${members.length} members did not report ${kind}`)),
        PATIENCE_MS,
      );
      const take = (event: CrowdEvent): void => {
        if (event.kind === 'failed') {
          finish(new Error(`member ${event.member} was not let in: ${event.sentence}`));
          return;
        }
        if (event.kind !== kind || event.atMs < notBeforeMs || !missing.delete(event.member)) return;
        times.set(event.member, event.atMs);
        if (missing.size === 0) finish(null);
      };
      this.#listeners.add(take);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  #order(command: CrowdCommand): void {
    for (const { worker } of this.#workers) worker.postMessage(command);
  }
}

/** 1 up to `size`. */
export function everybody(size: number): number[] {
  return Array.from({ length: size }, (_, at) => at + 1);
}

/** The latest of some times, relative to `fromMs`. */
export function lastAfter(times: ReadonlyMap<number, number>, fromMs: number): number {
  return Math.max(...times.values()) - fromMs;
}

export { wallClockMs };
