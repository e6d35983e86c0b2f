/** Faults that an honest client may make in a burst, being of another make or version. */
export const MAX_FAULTS = 64;

/** One fault is forgiven in so many ms. */
export const FORGIVENESS_MS = 1_000;

/** How much nonsense a client has sent lately. */
export class FaultCount {
  #level = 0;
  #atMs = 0;

  /** @returns false: it was one too many */
  add(nowMs: number): boolean {
    this.#level = Math.max(0, this.#level - (nowMs - this.#atMs) / FORGIVENESS_MS) + 1;
    this.#atMs = nowMs;
    return this.#level <= MAX_FAULTS;
  }
}
