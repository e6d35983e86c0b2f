import type { DelayPlan } from './delay-plan.ts';

/** Arrivals between two pulls; a device that asks for nothing so long has stopped, and its oldest arrivals say nothing. */
const MAX_ARRIVALS = 64;

/**
 * An arrival so shortly before a pull, in ms, counts as one after it: cards and senders drift against each other, and
 * what comes in time by a hair comes too late soon. 100 ppm need ten seconds for a millisecond.
 */
const MARGIN_MS = 1;

/** Arrivals within this time after a talkspurt's first, in ms, are the burst of its pre-roll. */
const BURST_MS = 5;

/** Memory of reordering per packet: some 500 packets, ten seconds of 20 ms frames. */
const HOLE_MEMORY = 0.998;

/** Waiting for what is missing pays where at least this share of it comes. */
const HOLES_FILL_SHARE = 0.5;

/** Turns arrivals, which happen at any time, into frames that could be played from some sample of the output on. */
export class ArrivalLog {
  private readonly plan: DelayPlan;
  private readonly frameSamples: number;
  private readonly timesMs = new Float64Array(MAX_ARRIVALS);
  private readonly timestamps = new Float64Array(MAX_ARRIVALS);
  /** 1 reordered, 2 of a talkspurt's first burst, 4 after a hole, 8 a copy: bits. */
  private readonly kinds = new Uint8Array(MAX_ARRIVALS);
  private first = 0;
  private count = 0;
  private known = false;
  private highestSequence = 0;
  private highestTimestamp = 0;
  /** The talkspurt of the highest packet ends with it. */
  private ended = false;
  private burstUntilMs = Number.NEGATIVE_INFINITY;
  private holes = 0;
  private filled = 0;
  private lastTransitMs = 0;
  private jitter = 0;

  constructor(plan: DelayPlan, frameSamples: number) {
    this.plan = plan;
    this.frameSamples = frameSamples;
  }

  /** Interarrival jitter, in ms (RFC 3550, section 6.4.1). */
  get jitterMs(): number {
    return this.jitter;
  }

  /** The packet after the last is later at output clock `clock` than any of late. */
  isOverdue(clock: number, transit: number): boolean {
    if (!this.known || this.ended) return false;
    return this.plan.isOverdue(this.highestTimestamp + this.frameSamples, clock, transit);
  }

  /** The sender started anew: its numbers compare with none from before. */
  restart(): void {
    this.known = false;
    this.count = 0;
  }

  /** @param timestamp u32 */
  handleArrival(sequence: number, timestamp: number, last: boolean, nowMs: number): void {
    const unwrapped = this.known
      ? this.highestTimestamp + ((timestamp - this.highestTimestamp) | 0)
      : timestamp;
    const ahead = sequence - this.highestSequence;
    const reordered = this.known && ahead < 0;
    const starts =
      !this.known || (ahead > 0 && unwrapped - this.highestTimestamp - ahead * this.frameSamples > 0);
    if (starts) this.burstUntilMs = nowMs + BURST_MS;
    this.measureJitter(nowMs - unwrapped / 48, this.known && !reordered && !starts);
    this.countHoles(ahead, reordered);
    const afterHole = this.known && !starts && ahead > 1;
    if (!reordered) {
      this.known = true;
      this.highestSequence = sequence;
      this.highestTimestamp = unwrapped;
      this.ended = last;
    }
    const kind = (reordered ? 1 : 0) + (nowMs <= this.burstUntilMs ? 2 : 0) + (afterHole ? 4 : 0);
    this.log(unwrapped, kind, nowMs);
  }

  /**
   * A copy has filled the hole of a packet that is missing, or would have, had it been waited for. That says nothing about the network, but it is when this
   * frame could be played: where many come, waiting for them is worth what it saves in concealment.
   */
  handleRecovery(timestamp: number, nowMs: number): void {
    if (!this.known) return;
    this.log(this.highestTimestamp + ((timestamp - this.highestTimestamp) | 0), 1 + 8, nowMs);
  }

  /** The device asks for samples from `clock` on. */
  handlePull(clock: number, nowMs: number): void {
    this.plan.advance(clock);
    while (this.count > 0 && (this.timesMs[this.first] ?? 0) <= nowMs - MARGIN_MS) {
      const kind = this.kinds[this.first] ?? 0;
      this.plan.observe(
        this.timestamps[this.first] ?? 0,
        (kind & 1) !== 0,
        (kind & 2) !== 0,
        (kind & 4) !== 0,
        (kind & 8) !== 0,
      );
      this.drop();
    }
  }

  private log(timestamp: number, kind: number, nowMs: number): void {
    if (this.count === MAX_ARRIVALS) this.drop();
    const at = (this.first + this.count) % MAX_ARRIVALS;
    this.timesMs[at] = nowMs;
    this.timestamps[at] = timestamp;
    this.kinds[at] = kind;
    this.count++;
  }

  private drop(): void {
    this.first = (this.first + 1) % MAX_ARRIVALS;
    this.count--;
  }

  /** Of the packets that were missing when a later one came, how many came after all? */
  private countHoles(ahead: number, reordered: boolean): void {
    this.holes *= HOLE_MEMORY;
    this.filled *= HOLE_MEMORY;
    if (reordered) this.filled++;
    else if (this.known && ahead > 1) this.holes += Math.min(ahead - 1, MAX_ARRIVALS);
    this.plan.holesFill = this.filled > HOLES_FILL_SHARE * this.holes;
  }

  private measureJitter(transitMs: number, comparable: boolean): void {
    if (comparable) this.jitter += (Math.abs(transitMs - this.lastTransitMs) - this.jitter) / 16;
    this.lastTransitMs = transitMs;
  }
}
