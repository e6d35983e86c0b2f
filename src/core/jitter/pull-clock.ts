import { TIMESTAMP_HZ } from '../wire/datagram.ts';

const MS = TIMESTAMP_HZ / 1000;

/** Pulls that the mean goes over: some seconds of a device's blocks, for its phase to wear off. */
const MEAN_PULLS = 500;

/** A pull this far off the mean, in ms, comes behind a standstill: longer than any device's block. */
const STANDSTILL_MS = 50;

/**
 * When samples are handed on: the output clock (samples handed out so far) by the caller's.
 *
 * A device takes its samples in blocks, each at one moment. Where in a block a frame begins is chance that may stay for
 * minutes; the mean over all positions is told here, so that it adds to the mean that samples wait in the device.
 */
export class PullClock {
  private pulls = 0;
  /** Mean over samples of the moment they were handed on, less their position, in ms. */
  private offsetMs = 0;

  /** The `count` samples from `clock` on are handed on. */
  observe(clock: number, count: number, nowMs: number): void {
    const offsetMs = nowMs - (clock + (count - 1) / 2) / MS;
    if (Math.abs(offsetMs - this.offsetMs) > STANDSTILL_MS) this.pulls = 0;
    this.pulls = Math.min(this.pulls + 1, MEAN_PULLS);
    this.offsetMs += (offsetMs - this.offsetMs) / this.pulls;
  }

  /** When the sample at `position` of the output clock is handed on, in ms of the caller's clock. */
  handedOnMs(position: number): number {
    return this.offsetMs + position / MS;
  }
}
