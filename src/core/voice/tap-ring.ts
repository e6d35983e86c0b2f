import { assert } from '../base/assert.ts';
import { SampleRing, WRITE_INDEX } from '../ring/sample-ring.ts';
import { SAMPLES_PER_MS } from './sample-rate.ts';

/** Size of the rings that taps write into: two and a half seconds, for a disk that is busy elsewhere. */
export const TAP_RING_SAMPLES = 2 ** 17;

/** Elements of the ring's header, in the producer's line, that say whether and when the tap was opened. */
const OPENED_INDEX = WRITE_INDEX + 4;
const MOMENT_INDEX = WRITE_INDEX + 5;

/** Silence is written so many samples at a time. */
const SILENCE_SAMPLES = 480;

const SILENCE = new Float32Array(SILENCE_SAMPLES);

/**
 * When the tap behind a ring was opened: samples of 48 kHz on the system's clock, modulo 2^32, so that taps of several
 * threads can be laid beside each other. Null: not yet.
 */
export function tapMoment(ring: SampleRing): number | null {
  return Atomics.load(ring.indices, OPENED_INDEX) === 0
    ? null
    : Atomics.load(ring.indices, MOMENT_INDEX) >>> 0;
}

/**
 * The sound at one place of the program, for somebody who writes it down: the producer's end of a ring.
 *
 * Sample for sample in step with the stream that it is taken from: what is missing, because it was never there or
 * because the ring was full, becomes silence. Waits for nothing and allocates nothing.
 */
export class TapRing {
  readonly #ring: SampleRing;
  readonly #part = new Float32Array(SILENCE_SAMPLES);
  /** Of the next sample to be written. */
  #position: number;
  #missingSamples = 0;
  #skippedSamples = 0;

  /** @param position in the stream of the first sample to be written */
  constructor(memory: SharedArrayBuffer, position: number) {
    this.#ring = new SampleRing(memory);
    this.#position = position;
  }

  /** Samples that became silence. */
  get missingSamples(): number {
    return this.#missingSamples;
  }

  /** @param nowMs on the system's clock: the moment of the first sample */
  open(nowMs: number): void {
    Atomics.store(this.#ring.indices, MOMENT_INDEX, (Math.round(nowMs * SAMPLES_PER_MS) % 2 ** 32) | 0);
    Atomics.store(this.#ring.indices, OPENED_INDEX, 1);
  }

  /** The stream stood still for so long, a device was away: what comes next stands that much later. */
  skip(count: number): void {
    this.#skippedSamples += count;
  }

  /**
   * Writes down the first `count` samples, the first of which is sample `position` of the stream. What was written
   * before is left out.
   */
  write(samples: Float32Array, count: number, position: number): void {
    assert(count <= SILENCE_SAMPLES, 'a tap takes a block of 10 ms at most');
    const place = position + this.#skippedSamples;
    this.#fillUpTo(place);
    if (this.#position === place) {
      this.#position += this.#ring.push(samples, count);
      return;
    }
    const known = this.#position - place;
    // The ring is full, or the block is old: what lies ahead of both comes as silence next time.
    if (known < 0 || known >= count) return;
    for (let index = known; index < count; index += 1) this.#part[index - known] = samples[index] ?? 0;
    this.#position += this.#ring.push(this.#part, count - known);
  }

  #fillUpTo(position: number): void {
    while (this.#position < position) {
      const written = this.#ring.push(SILENCE, Math.min(SILENCE_SAMPLES, position - this.#position));
      if (written === 0) return;
      this.#position += written;
      this.#missingSamples += written;
    }
  }
}
