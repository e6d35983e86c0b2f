/** Weight of a new sample: one eighth, as for TCP's round trip (RFC 6298 section 2). */
const GAIN = 1 / 8;

/** Exponentially smoothed round trip. */
export class SmoothedPing {
  #valueMs: number | null = null;

  /** In ms, null before the first sample. */
  get valueMs(): number | null {
    return this.#valueMs;
  }

  add(sampleMs: number): void {
    this.#valueMs = this.#valueMs === null ? sampleMs : this.#valueMs + (sampleMs - this.#valueMs) * GAIN;
  }

  clear(): void {
    this.#valueMs = null;
  }
}
