import type { Rng } from '../base/rng.ts';

/** Upper bound of the first pause, in ms: a relay that merely restarts is back within a second or two. */
export const BACKOFF_BASE_MS = 500;

/** Upper bound of every pause, in ms: nobody waits longer than this for a relay that is back. */
export const BACKOFF_CAP_MS = 15_000;

/**
 * Pause before a new attempt, in ms: uniform between nothing and a bound that doubles with each attempt, up to the
 * cap ("full jitter"), so that a room full of clients does not come back all at once.
 *
 * @param attempt 1 for the first
 */
export function backoffMs(attempt: number, rng: Rng): number {
  return rng.next() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** (attempt - 1));
}
