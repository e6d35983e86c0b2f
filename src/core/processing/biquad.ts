import { TIMESTAMP_HZ } from '../wire/datagram.ts';

/** Butterworth: flat in the band that passes. */
const QUALITY = Math.SQRT1_2;

/**
 * Filter of second order, 12 dB per octave, in the transposed direct form II, which needs two values of memory and is
 * well behaved where the cutoff is far below the sample rate of 48 kHz.
 *
 * Coefficients: R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients".
 */
export class Biquad {
  readonly #b0: number;
  readonly #b1: number;
  readonly #a1: number;
  readonly #a2: number;
  #first = 0;
  #second = 0;

  /** @param passes which side of the cutoff */
  constructor(passes: 'high' | 'low', cutoffHz: number) {
    const angle = (2 * Math.PI * cutoffHz) / TIMESTAMP_HZ;
    const alpha = Math.sin(angle) / (2 * QUALITY);
    const scale = 1 + alpha;
    const side = passes === 'high' ? 1 : -1;
    this.#b0 = (1 + side * Math.cos(angle)) / 2 / scale;
    this.#b1 = -side * 2 * this.#b0;
    this.#a1 = (-2 * Math.cos(angle)) / scale;
    this.#a2 = (1 - alpha) / scale;
  }

  /** Filters in place. */
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
