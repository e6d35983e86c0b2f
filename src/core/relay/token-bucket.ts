const LEVEL = 0;
const REFILLED_MS = 1;

/**
 * Token bucket: allows `burst` at once and `perSecond` in the long run.
 *
 * Time that runs backwards refills nothing.
 */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  /** Level and time of the last refill. V8 makes a new object for each fraction that is stored in a field; not here. */
  readonly #state: Float64Array;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#state = Float64Array.of(burst, nowMs);
  }

  /** Takes one token; allocates nothing. @returns false when there is none */
  take(nowMs: number): boolean {
    const state = this.#state;
    const refilledMs = state[REFILLED_MS] ?? nowMs;
    let level = state[LEVEL] ?? 0;
    if (nowMs > refilledMs) {
      level = Math.min(this.#burst, level + (nowMs - refilledMs) * this.#perMs);
      state[REFILLED_MS] = nowMs;
    }
    const taken = level >= 1;
    state[LEVEL] = taken ? level - 1 : level;
    return taken;
  }
}
