/** Largest of the values seen lately, by the bucket of time they fall into. Costs no allocation. */
export class RecentMaximum {
  private readonly bucketSamples: number;
  private readonly buckets: Float64Array;
  private current = 0;

  /** @param bucketSamples how long a bucket is; values are kept for `bucketCount` of them at the least */
  constructor(bucketSamples: number, bucketCount: number) {
    this.bucketSamples = bucketSamples;
    this.buckets = new Float64Array(bucketCount + 1).fill(Number.NEGATIVE_INFINITY);
  }

  /** Time goes on to `clock`, in samples; what is too old is forgotten. */
  advance(clock: number): void {
    const bucket = Math.floor(clock / this.bucketSamples);
    const steps = Math.min(bucket - this.current, this.buckets.length);
    for (let step = 0; step < steps; step++) {
      this.buckets[(bucket - step) % this.buckets.length] = Number.NEGATIVE_INFINITY;
    }
    if (bucket > this.current) this.current = bucket;
  }

  /** Takes note of a value of the present. */
  observe(value: number): void {
    const at = this.current % this.buckets.length;
    if (value > (this.buckets[at] ?? 0)) this.buckets[at] = value;
  }

  /** Largest value of the last `bucketCount` buckets, the present one included; -Infinity when there was none. */
  over(bucketCount: number): number {
    let largest = Number.NEGATIVE_INFINITY;
    for (let step = 0; step <= bucketCount && step < this.buckets.length; step++) {
      const at = (this.current - step + this.buckets.length) % this.buckets.length;
      largest = Math.max(largest, this.buckets[at] ?? largest);
    }
    return largest;
  }

  /** All values move by `offset`: their clock was set anew. */
  shift(offset: number): void {
    for (let at = 0; at < this.buckets.length; at++) this.buckets[at] = (this.buckets[at] ?? 0) + offset;
  }
}
