/** First wait before a new connection, in ms: shorter than a person notices. */
export const FIRST_RETRY_MS = 250;

/** Longest wait between two tries, in ms: a program that comes back is seen within this. */
export const MAX_RETRY_MS = 4_000;

/** Tries before the program counts as gone: together about half a minute. */
export const MAX_ATTEMPTS = 10;

/**
 * The wait before try number `attempt`, in ms, or null when it is time to give up.
 *
 * Doubles from FIRST_RETRY_MS up to MAX_RETRY_MS; `chance` (0 to 1) takes off up to a quarter, so that several
 * windows of one program do not come back in step.
 *
 * @param attempt counts failed tries, from 1
 */
export function retryDelayMs(attempt: number, chance: number): number | null {
  if (attempt > MAX_ATTEMPTS) return null;
  const whole = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1));
  return whole * (1 - chance / 4);
}
