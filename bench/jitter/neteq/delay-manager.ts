import { DecayingHistogram } from './histogram.ts';

const BUCKETS = 100;
const BUCKET_MS = 20;
/** Target until the first half second has been seen. */
const START_DELAY_MS = 80;
const UNDERRUN_QUANTILE = 0.95;
const UNDERRUN_FORGET_FACTOR = 0.983;
/** The largest delay of each such interval goes into the histogram. */
const RESAMPLE_INTERVAL_MS = 500;
const REORDER_FORGET_FACTOR = 0.9993;
/** One percent of packets lost to reordering is worth that much delay. */
const MS_PER_LOSS_PERCENT = 20;
/** The target may fill this share of the packet buffer. */
const MAX_FILL = 0.75;

/** Smallest delay at which 95 % of the intervals would not have run dry. */
class UnderrunOptimizer {
  readonly #histogram = new DecayingHistogram(BUCKETS, UNDERRUN_FORGET_FACTOR);
  #intervalStartMs: number | null = null;
  #largestMs = 0;
  #optimalMs: number | null = null;

  get optimalMs(): number | null {
    return this.#optimalMs;
  }

  update(relativeDelayMs: number, nowMs: number): void {
    this.#intervalStartMs ??= nowMs;
    const finished = nowMs - this.#intervalStartMs > RESAMPLE_INTERVAL_MS;
    const largestMs = this.#largestMs;
    if (finished) {
      this.#intervalStartMs = nowMs;
      this.#largestMs = 0;
    }
    this.#largestMs = Math.max(this.#largestMs, relativeDelayMs);
    if (!finished) return;
    const bucket = Math.floor(largestMs / BUCKET_MS);
    if (bucket < BUCKETS) this.#histogram.add(bucket);
    this.#optimalMs = (1 + this.#histogram.quantile(UNDERRUN_QUANTILE)) * BUCKET_MS;
  }

  reset(): void {
    this.#histogram.reset();
    this.#intervalStartMs = null;
    this.#largestMs = 0;
    this.#optimalMs = null;
  }
}

/** Weighs waiting for reordered packets against losing them. */
class ReorderOptimizer {
  readonly #histogram = new DecayingHistogram(BUCKETS, REORDER_FORGET_FACTOR);
  #optimalMs = 0;

  get optimalMs(): number {
    return this.#optimalMs;
  }

  update(relativeDelayMs: number, reordered: boolean, baseDelayMs: number): void {
    const bucket = reordered ? Math.floor(relativeDelayMs / BUCKET_MS) : 0;
    if (bucket < BUCKETS) this.#histogram.add(bucket);
    this.#optimalMs = (1 + this.#cheapestBucket(baseDelayMs)) * BUCKET_MS;
  }

  #cheapestBucket(baseDelayMs: number): number {
    let lossShare = 1;
    let cheapest = 0;
    let leastCost = Number.POSITIVE_INFINITY;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      lossShare -= this.#histogram.buckets[bucket] ?? 0;
      const cost = Math.max(0, bucket * BUCKET_MS - baseDelayMs) + 100 * MS_PER_LOSS_PERCENT * lossShare;
      if (cost < leastCost) {
        leastCost = cost;
        cheapest = bucket;
      }
    }
    return cheapest;
  }

  reset(): void {
    this.#histogram.reset();
    this.#optimalMs = 0;
  }
}

/** How much delay the network asks for: NetEQ's target level. */
export class DelayManager {
  readonly #underrun = new UnderrunOptimizer();
  readonly #reorder = new ReorderOptimizer();
  readonly #maxPackets: number;
  #packetMs = 0;
  #targetMs = START_DELAY_MS;

  constructor(maxPackets: number) {
    this.#maxPackets = maxPackets;
  }

  get targetMs(): number {
    return this.#targetMs;
  }

  setPacketMs(packetMs: number): void {
    this.#packetMs = packetMs;
  }

  update(arrivalDelayMs: number, reordered: boolean, nowMs: number): void {
    if (!reordered) this.#underrun.update(arrivalDelayMs, nowMs);
    const underrunMs = this.#underrun.optimalMs ?? START_DELAY_MS;
    this.#reorder.update(arrivalDelayMs, reordered, underrunMs);
    this.#targetMs = Math.max(underrunMs, this.#reorder.optimalMs);
    if (this.#packetMs > 0) {
      this.#targetMs = Math.min(this.#targetMs, MAX_FILL * this.#maxPackets * this.#packetMs);
    }
  }

  reset(): void {
    this.#packetMs = 0;
    this.#underrun.reset();
    this.#reorder.reset();
    this.#targetMs = START_DELAY_MS;
  }
}
