/** Width of a bucket, in ms: fine enough to tell 5.0 from 5.5 ms. */
const BUCKET_MS = 0.25;

/** 500 ms, the watchdog's limit: a longer gap is a lost device and shows in `maxMs` anyway. */
const BUCKETS = 2_000;

/** Distribution of the gaps between blocks. Allocates nothing after the constructor. */
export class GapStatistics {
  readonly #buckets = new Uint32Array(BUCKETS);
  #lastMs = Number.NaN;
  #count = 0;
  #maxMs = 0;

  /** A block came at `nowMs`. */
  mark(nowMs: number): void {
    const gapMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (Number.isNaN(gapMs)) return;
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.floor(gapMs / BUCKET_MS)));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#maxMs = Math.max(this.#maxMs, gapMs);
  }

  /** The stream was interrupted on purpose: the next block starts a new series. */
  interrupt(): void {
    this.#lastMs = Number.NaN;
  }

  /** Longest gap since the last `reset`, in ms. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** Gap that 99 of 100 stay below, in ms, rounded up to the bucket; 0 without gaps. */
  get p99Ms(): number {
    const wanted = Math.ceil(this.#count * 0.99);
    if (wanted === 0) return 0;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#buckets[bucket] ?? 0;
      if (seen >= wanted) return (bucket + 1) * BUCKET_MS;
    }
    return this.#maxMs;
  }

  /** Forgets the distribution; the series of blocks goes on. */
  reset(): void {
    this.#buckets.fill(0);
    this.#count = 0;
    this.#maxMs = 0;
  }
}
