/** Weight of the newest entry while a histogram is young: the n-th counts 2 / (n + 1), so that it learns fast. */
const START_FORGET_WEIGHT = 2;

/** Probabilities that decay with every entry: what came lately counts more. The sum stays 1. */
export class DecayingHistogram {
  readonly buckets: Float64Array;
  readonly #baseForgetFactor: number;
  #forgetFactor = 0;
  #entries = 0;

  /** @param forgetFactor what is left of an entry's weight when the next one comes, 0 to 1 */
  constructor(bucketCount: number, forgetFactor: number) {
    this.buckets = new Float64Array(bucketCount);
    this.#baseForgetFactor = forgetFactor;
    this.reset();
  }

  /** Half of all in the first bucket, half of the rest in the next, and so on: what NetEQ believes at the start. */
  reset(): void {
    for (let at = 0; at < this.buckets.length; at += 1) this.buckets[at] = 0.5 ** (at + 1);
    this.#forgetFactor = 0;
    this.#entries = 0;
  }

  add(bucket: number): void {
    for (let at = 0; at < this.buckets.length; at += 1) {
      this.buckets[at] = (this.buckets[at] ?? 0) * this.#forgetFactor;
    }
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1 - this.#forgetFactor;
    this.#entries += 1;
    const young = 1 - START_FORGET_WEIGHT / (this.#entries + 1);
    this.#forgetFactor = Math.max(0, Math.min(this.#baseForgetFactor, young));
  }

  /** First bucket up to which at least `probability` of all lies. */
  quantile(probability: number): number {
    let bucket = 0;
    let above = 1 - (this.buckets[0] ?? 0);
    while (above > 1 - probability && bucket < this.buckets.length - 1) {
      bucket += 1;
      above -= this.buckets[bucket] ?? 0;
    }
    return bucket;
  }
}
