import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit';

/** Requests of one address in a minute: ten a second, where a busy dashboard makes one or two. */
export const MAX_REQUESTS_PER_MINUTE = 600;
export const REQUEST_WINDOW_MS = 60_000;

/** Addresses counted at a time; beyond, those whose minute began first are forgotten. */
export const MAX_COUNTED_ADDRESSES = 4_096;

interface Window {
  count: number;
  readonly startedMs: number;
}

/**
 * A store for @fastify/rate-limit that counts by a clock it is given, so that the limit can be tested at its edges,
 * and that forgets the oldest of too many.
 *
 * @param nowMs of a clock that only goes forward
 */
export function countingStore(nowMs: () => number): FastifyRateLimitStoreCtor {
  return class CountingStore implements FastifyRateLimitStore {
    readonly #windows = new Map<string, Window>();

    incr(
      key: string,
      callback: (error: Error | null, result?: { current: number; ttl: number }) => void,
      timeWindowMs: number,
    ): void {
      const now = nowMs();
      let window = this.#windows.get(key);
      if (window === undefined || now - window.startedMs >= timeWindowMs) {
        // Taken out and put in again: the map stays in the order in which windows began.
        this.#windows.delete(key);
        window = { count: 0, startedMs: now };
        this.#windows.set(key, window);
        const [oldest] = this.#windows.keys();
        if (oldest !== undefined && this.#windows.size > MAX_COUNTED_ADDRESSES) this.#windows.delete(oldest);
      }
      window.count += 1;
      callback(null, { current: window.count, ttl: window.startedMs + timeWindowMs - now });
    }

    /** Every route counts for the same limit. */
    child(): FastifyRateLimitStore {
      return this;
    }
  };
}
