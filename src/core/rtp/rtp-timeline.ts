import type { Rng } from '../base/rng.ts';

/** Values that a 32-bit timestamp runs through. */
const TIMESTAMPS = 2 ** 32;

/** An anchor this far from what really comes is moved, in ms: a publisher's clock that drifts, or one that stood still. */
const MAX_ANCHOR_ERROR_MS = 500;

/** Timestamps never go back: a stretch begins so far behind the latest at least, in ms: a usual frame. */
const MIN_STRETCH_GAP_MS = 20;

/**
 * RTP timestamps of one stream (RFC 3550, section 5.1): they begin anywhere, follow the source's own ticks without a
 * jump while it goes on, and the wall clock from one stretch of the source to the next, so that a receiver is not made
 * to wait by a publisher who went away and came back.
 */
export class RtpTimeline {
  readonly #rateHz: number;
  readonly #start: number;
  /** What is added to the source's ticks; null: nothing was sent yet. */
  #offset: number | null = null;
  #isNewStretch = false;
  /** A moment of the engine clock and what the timestamp (unwrapped) is then. */
  #anchorMs = 0;
  #anchorTicks = 0;
  #latest = 0;

  constructor(rateHz: number, rng: Rng) {
    this.#rateHz = rateHz;
    this.#start = Math.floor(rng.next() * TIMESTAMPS);
  }

  /** The ticks of what follows are counted anew, or the source stood still before it. */
  beginStretch(): void {
    this.#isNewStretch = this.#offset !== null;
  }

  /** What `timestampOf` would say, without taking it for sent. */
  preview(ticks: number, atMs: number): number {
    return wrap(ticks + this.#offsetFor(ticks, atMs));
  }

  /** What the first packet will have as long as none is known; null: that depends on when it comes. */
  get firstTimestamp(): number | null {
    return this.#offset === null ? this.#start : null;
  }

  /** @param ticks of the source, at the clock rate of the stream. @param atMs when it came */
  timestampOf(ticks: number, atMs: number): number {
    const isFirst = this.#offset === null;
    const offset = this.#offsetFor(ticks, atMs);
    const timestamp = ticks + offset;
    const error = Math.abs(this.#ticksAt(atMs) - timestamp);
    if (isFirst || this.#isNewStretch || error > (MAX_ANCHOR_ERROR_MS * this.#rateHz) / 1_000) {
      this.#anchorMs = atMs;
      this.#anchorTicks = timestamp;
    }
    this.#offset = offset;
    this.#isNewStretch = false;
    this.#latest = Math.max(this.#latest, timestamp);
    return wrap(timestamp);
  }

  /** The timestamp that belongs to a moment: what a sender report says. Null: nothing was sent yet. */
  timestampAt(nowMs: number): number | null {
    return this.#offset === null ? null : wrap(Math.round(this.#ticksAt(nowMs)));
  }

  #ticksAt(nowMs: number): number {
    return this.#anchorTicks + ((nowMs - this.#anchorMs) * this.#rateHz) / 1_000;
  }

  #offsetFor(ticks: number, atMs: number): number {
    if (this.#offset === null) return this.#start - ticks;
    if (!this.#isNewStretch) return this.#offset;
    const earliest = this.#latest + (MIN_STRETCH_GAP_MS * this.#rateHz) / 1_000;
    return Math.max(earliest, Math.round(this.#ticksAt(atMs))) - ticks;
  }
}

function wrap(timestamp: number): number {
  return ((timestamp % TIMESTAMPS) + TIMESTAMPS) % TIMESTAMPS;
}
