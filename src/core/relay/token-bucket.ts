/**
 * Token bucket: allows `burst` at once and `perSecond` in the long run.
 *
 * Time that runs backwards refills nothing.
 */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #level: number;
  #refilledMs: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#level = burst;
    this.#refilledMs = nowMs;
  }

  /** Takes one token. @returns false when there is none */
  take(nowMs: number): boolean {
    if (nowMs > this.#refilledMs) {
      this.#level = Math.min(this.#burst, this.#level + (nowMs - this.#refilledMs) * this.#perMs);
      this.#refilledMs = nowMs;
    }
    if (this.#level < 1) return false;
    this.#level -= 1;
    return true;
  }
}
