/** Upper bound of the first bucket, in ms: below the time of one system call. */
const FIRST_MS = 0.01;

/** Each bucket is this much wider than the one before; a value is told within 4 % (its square root). */
const GROWTH = 1.08;

/** The last bucket begins at 45 s: what comes later than that came after the end of its test. */
const BUCKETS = 200;

const LOG_GROWTH = Math.log(GROWTH);

/** Percentiles in ms; all 0 when nothing was counted. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Counts times in logarithmic buckets: 800 bytes, whatever is counted, and an error below 4 % (HdrHistogram's idea
 * with one bucket per step). Counting allocates nothing.
 */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;
  #maxMs = 0;

  get count(): number {
    return this.#total;
  }

  /** @param ms below 0 counts as 0 */
  add(ms: number): void {
    const at = ms <= FIRST_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / FIRST_MS) / LOG_GROWTH));
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total += 1;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#maxMs = 0;
  }

  /** The greatest is exact; no percentile is told above it. */
  percentiles(): Percentiles {
    return { p50: this.#at(0.5), p95: this.#at(0.95), p99: this.#at(0.99), max: this.#maxMs };
  }

  #at(share: number): number {
    if (this.#total === 0) return 0;
    const rank = Math.ceil(share * this.#total);
    let passed = 0;
    for (const [at, count] of this.#counts.entries()) {
      passed += count;
      if (passed >= rank) return Math.min(this.#maxMs, FIRST_MS * GROWTH ** (at - 0.5));
    }
    return this.#maxMs;
  }
}
