import { assert } from '../base/assert.ts';
import { SAMPLES_PER_MS } from './sample-rate.ts';

/** Longest pre-roll, in ms: the beginning of a word, and not the word before it. */
export const MAX_PRE_ROLL_MS = 200;

/** The same in samples. */
export const MAX_PRE_ROLL_SAMPLES = MAX_PRE_ROLL_MS * SAMPLES_PER_MS;

/**
 * The newest sound that was held back for the channel: a word has begun before anybody can know that it is one.
 *
 * Whoever fills it clears it where sound comes in between that must not be sent, or has been.
 */
export class PreRoll {
  readonly #ring = new Float32Array(MAX_PRE_ROLL_SAMPLES);
  #write = 0;
  #heldSamples = 0;
  /** How much is wanted when the microphone opens; 0: nothing. */
  limitSamples = 0;

  /** What may be sent, in samples. */
  get availableSamples(): number {
    return Math.min(this.#heldSamples, this.limitSamples);
  }

  clear(): void {
    this.#heldSamples = 0;
  }

  /** Takes in the first `count` samples, which follow those before. */
  add(samples: Float32Array, count: number): void {
    for (let index = 0; index < count; index += 1) {
      this.#ring[this.#write] = samples[index] ?? 0;
      this.#write = (this.#write + 1) % MAX_PRE_ROLL_SAMPLES;
    }
    this.#heldSamples = Math.min(this.#heldSamples + count, MAX_PRE_ROLL_SAMPLES);
  }

  /** Fills `into` with the samples that begin `before` samples before the end of what was taken in. */
  copy(before: number, into: Float32Array): void {
    assert(into.length <= before && before <= this.#heldSamples, 'only what is held can be given out');
    const start = this.#write - before + MAX_PRE_ROLL_SAMPLES;
    for (let index = 0; index < into.length; index += 1)
      into[index] = this.#ring[(start + index) % MAX_PRE_ROLL_SAMPLES] ?? 0;
  }
}
