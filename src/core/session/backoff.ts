import type { Rng } from '../base/rng.ts';

/** Upper bound of the first pause, in ms: a relay that merely restarts is back within a second or two. */
export const BACKOFF_BASE_MS = 500;

/** Upper bound of every pause, in ms: nobody waits longer than this for a relay that is back. */
export const BACKOFF_CAP_MS = 15_000;

/**
 * Upper bound of the pauses during BACKOFF_HASTE_MS, in ms: people are to hear each other within three seconds of a
 * relay's restart. A room of 200 asks a closed port 400 times a second then, which costs it nothing.
 */
export const BACKOFF_HASTY_CAP_MS = 1_000;

/** How long after a loss a client hurries, in ms: a relay that restarts is back by then, or something else is wrong. */
export const BACKOFF_HASTE_MS = 10_000;

/**
 * Pause before a new attempt, in ms: uniform between nothing and a bound that doubles with each attempt, up to the
 * cap ("full jitter"), so that a room full of clients does not come back all at once.
 *
 * @param attempt 1 for the first
 * @param lostForMs since the connection was lost
 */
export function backoffMs(attempt: number, lostForMs: number, rng: Rng): number {
  const capMs = lostForMs < BACKOFF_HASTE_MS ? BACKOFF_HASTY_CAP_MS : BACKOFF_CAP_MS;
  return rng.next() * Math.min(capMs, BACKOFF_BASE_MS * 2 ** (attempt - 1));
}
