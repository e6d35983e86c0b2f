import { assert } from '../../core/base/assert.ts';
import { SampleRing } from '../../core/ring/sample-ring.ts';
import type { DecodedTap } from '../../core/voice/decoded-tap.ts';
import { TAP_RING_SAMPLES, TapRing } from '../../core/voice/tap-ring.ts';

/** Most people recorded in files of their own: as many as are decoded at once. Each has a ring of half a megabyte. */
export const MAX_TAP_SPEAKERS = 64;

/** Longest block that is mixed at a time: 10 ms. */
const MAX_BLOCK_SAMPLES = 480;

export interface DecodedTapRingsOptions {
  /** Takes what the device gets; see TapRing. */
  readonly mixMemory: SharedArrayBuffer;
  /** On the system's clock: the moment of the first sample. */
  readonly nowMs: number;
  /** A person is recorded from now on; the ring's first sample is sample `startSample` of the mix. */
  readonly onDidOpen: (token: number, memory: SharedArrayBuffer, startSample: number) => void;
}

interface SpeakerTap {
  readonly ring: TapRing;
  /** Of the block under way. */
  readonly block: Float32Array;
}

/**
 * What is heard, for somebody who writes it down: the mix and each person in a ring of their own.
 *
 * Every ring gets every block, silence where a person has none, so that all of them stay in step.
 */
export class DecodedTapRings implements DecodedTap {
  readonly #options: DecodedTapRingsOptions;
  readonly #mix: TapRing;
  readonly #speakers = new Map<number, SpeakerTap>();
  /** The same in a row: walked once per block. */
  readonly #taps: SpeakerTap[] = [];
  #position = 0;
  #notRecorded = 0;

  constructor(options: DecodedTapRingsOptions) {
    this.#options = options;
    this.#mix = new TapRing(options.mixMemory, 0);
    this.#mix.open(options.nowMs);
  }

  /** Samples that became silence as a ring was full, and blocks of people for whom there was no ring. */
  counters(): { missingSamples: number; notRecorded: number } {
    let { missingSamples } = this.#mix;
    for (const { ring } of this.#taps) missingSamples += ring.missingSamples;
    return { missingSamples, notRecorded: this.#notRecorded };
  }

  /** The device went on for `count` samples without us: they are silence, in step with what else is recorded. */
  skip(count: number): void {
    this.#position += count;
  }

  beginBlock(count: number): void {
    assert(count <= MAX_BLOCK_SAMPLES, 'a block is 10 ms at most');
    for (let index = 0; index < this.#taps.length; index += 1) this.#taps[index]?.block.fill(0);
  }

  handleSpeaker(token: number, samples: Float32Array, offset: number, count: number): void {
    const block = (this.#speakers.get(token) ?? this.#open(token))?.block;
    if (block === undefined) return;
    for (let index = 0; index < count; index += 1)
      block[index] = (block[index] ?? 0) + (samples[offset + index] ?? 0);
  }

  handleMix(mix: Float32Array, count: number): void {
    this.#mix.write(mix, count, this.#position);
    for (let index = 0; index < this.#taps.length; index += 1) {
      const tap = this.#taps[index];
      tap?.ring.write(tap.block, count, this.#position);
    }
    this.#position += count;
  }

  #open(token: number): SpeakerTap | null {
    if (this.#taps.length >= MAX_TAP_SPEAKERS) {
      this.#notRecorded += 1;
      return null;
    }
    const memory = SampleRing.allocate(TAP_RING_SAMPLES);
    const tap = { ring: new TapRing(memory, this.#position), block: new Float32Array(MAX_BLOCK_SAMPLES) };
    this.#speakers.set(token, tap);
    this.#taps.push(tap);
    this.#options.onDidOpen(token, memory, this.#position);
    return tap;
  }
}
