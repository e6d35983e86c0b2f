/** The mean counts so many of the latest durations or so. */
const MEAN_OVER = 500;

/** Mean and longest of something that is done over and over, in us; measuring allocates nothing. */
export class DurationMeter {
  #count = 0;
  #meanUs = 0;
  #maxUs = 0;

  /** @param startMs of `performance.now()` when it began; it ends now */
  end(startMs: number): void {
    const tookUs = (performance.now() - startMs) * 1_000;
    this.#count = Math.min(this.#count + 1, MEAN_OVER);
    this.#meanUs += (tookUs - this.#meanUs) / this.#count;
    if (tookUs > this.#maxUs) this.#maxUs = tookUs;
  }

  get meanUs(): number {
    return this.#meanUs;
  }

  /** The longest since the last call. */
  takeMaxUs(): number {
    const longest = this.#maxUs;
    this.#maxUs = 0;
    return longest;
  }
}
