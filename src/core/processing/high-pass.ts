import { TIMESTAMP_HZ } from '../wire/datagram.ts';
import type { ProcessingStage } from './processing-stage.ts';

/** Below this no voice has anything, but desks, fans and the mains do. In Hz. */
const CUTOFF_HZ = 80;

/** Butterworth: flat above the cutoff. */
const QUALITY = Math.SQRT1_2;

/**
 * High-pass filter of second order, 12 dB per octave below 80 Hz, in the transposed direct form II, which needs two
 * values of memory and is well behaved when the cutoff is far below the sample rate.
 *
 * Coefficients: R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients".
 */
export class HighPass implements ProcessingStage {
  readonly delaySamples = 0;
  readonly #b0: number;
  readonly #b1: number;
  readonly #a1: number;
  readonly #a2: number;
  #first = 0;
  #second = 0;

  constructor() {
    const angle = (2 * Math.PI * CUTOFF_HZ) / TIMESTAMP_HZ;
    const alpha = Math.sin(angle) / (2 * QUALITY);
    const scale = 1 + alpha;
    this.#b0 = (1 + Math.cos(angle)) / 2 / scale;
    this.#b1 = -2 * this.#b0;
    this.#a1 = (-2 * Math.cos(angle)) / scale;
    this.#a2 = (1 - alpha) / scale;
  }

  process(block: Float32Array): void {
    let first = this.#first;
    let second = this.#second;
    for (let index = 0; index < block.length; index += 1) {
      const input = block[index] ?? 0;
      const output = this.#b0 * input + first;
      first = this.#b1 * input - this.#a1 * output + second;
      second = this.#b0 * input - this.#a2 * output;
      block[index] = output;
    }
    this.#first = first;
    this.#second = second;
  }

  reset(): void {
    this.#first = 0;
    this.#second = 0;
  }
}
