/** Wrong passwords before somebody has to wait: a person tries a few spellings, a program thousands. */
export const MAX_PASSWORD_TRIES = 5;

/** Tries older than this are forgotten, in ms. Longer than the longest wait, so that no wait is forgotten. */
export const GUESS_WINDOW_MS = 3_600_000;

/** First wait, in ms; each further wrong try doubles it. */
export const FIRST_GUESS_WAIT_MS = 30_000;

/** Longest wait, in ms: two tries an hour guess nothing. */
export const LONGEST_GUESS_WAIT_MS = 1_800_000;

/** Identities and addresses remembered; then the one that has not tried for the longest time is forgotten. */
export const MAX_GUESSERS = 4_096;

interface Guesser {
  wrong: number;
  lastMs: number;
  blockedUntilMs: number;
}

/**
 * Slows down guessing of passwords, by any key: who guesses, and from where.
 *
 * A try counts as wrong from its beginning until it proves right: many at once are no way around the limit. A right
 * one is taken back, but clears nothing else: whoever knows one channel's password must not get to guess another's.
 */
export class GuessLimit {
  readonly #guessers = new Map<string, Guesser>();

  get size(): number {
    return this.#guessers.size;
  }

  /** Begins a try. @returns seconds to wait instead; 0: the try may be made, and counts */
  begin(keys: readonly string[], nowMs: number): number {
    let waitMs = 0;
    for (const key of keys)
      waitMs = Math.max(waitMs, (this.#recent(key, nowMs)?.blockedUntilMs ?? 0) - nowMs);
    if (waitMs > 0) return Math.ceil(waitMs / 1_000);
    for (const key of keys) this.#count(key, nowMs);
    return 0;
  }

  /** A try that was begun under these keys proved right. */
  takeBack(keys: readonly string[]): void {
    for (const key of keys) {
      const guesser = this.#guessers.get(key);
      if (guesser === undefined) continue;
      guesser.wrong -= 1;
      if (guesser.wrong < MAX_PASSWORD_TRIES) guesser.blockedUntilMs = 0;
      if (guesser.wrong <= 0) this.#guessers.delete(key);
    }
  }

  #recent(key: string, nowMs: number): Guesser | undefined {
    const guesser = this.#guessers.get(key);
    return guesser !== undefined && nowMs - guesser.lastMs < GUESS_WINDOW_MS ? guesser : undefined;
  }

  #count(key: string, nowMs: number): void {
    const wrong = (this.#recent(key, nowMs)?.wrong ?? 0) + 1;
    const beyond = wrong - MAX_PASSWORD_TRIES;
    const waitMs = beyond < 0 ? 0 : Math.min(LONGEST_GUESS_WAIT_MS, FIRST_GUESS_WAIT_MS * 2 ** beyond);
    // Taken out and put in again: the map stays in the order of the last try.
    this.#guessers.delete(key);
    this.#guessers.set(key, { wrong, lastMs: nowMs, blockedUntilMs: nowMs + waitMs });
    const [oldest] = this.#guessers.keys();
    if (oldest !== undefined && this.#guessers.size > MAX_GUESSERS) this.#guessers.delete(oldest);
  }
}
