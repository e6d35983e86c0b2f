import { Biquad } from './biquad.ts';
import { BLOCK_SAMPLES } from './processing-stage.ts';

/** Where a suppression made for 16 kHz ends, and the band begins that it knows nothing of. In Hz. */
const EDGE_HZ = 7_700;

/** The band whose fate the high band shares: hisses reach from here far up, vowels do not. In Hz. */
const GUIDE_LOW_HZ = 3_500;
const GUIDE_HIGH_HZ = 7_000;

/** The gain is found this often, in samples: 1 ms. */
const STEP_SAMPLES = 48;

/** Weight of a step in the powers compared: 5 ms, shorter than the sounds of speech. */
const POWER_WEIGHT = 1 / 5;

/** Keeps the quotient defined in silence: -100 dBFS. */
const TINY_POWER = 1e-10;

/**
 * Gives the band above 8 kHz back to speech that was cleaned at 16 kHz: the high band of the noisy sound, turned down
 * as far as the band just below it was.
 */
export class HighBand {
  readonly #edge = [new Biquad('high', EDGE_HZ), new Biquad('high', EDGE_HZ)] as const;
  readonly #noisyGuide = [new Biquad('high', GUIDE_LOW_HZ), new Biquad('low', GUIDE_HIGH_HZ)] as const;
  readonly #cleanGuide = [new Biquad('high', GUIDE_LOW_HZ), new Biquad('low', GUIDE_HIGH_HZ)] as const;
  readonly #high = new Float32Array(BLOCK_SAMPLES);
  readonly #guide = new Float32Array(BLOCK_SAMPLES);
  readonly #noisyPowers = new Float32Array(BLOCK_SAMPLES / STEP_SAMPLES);
  readonly #cleanPowers = new Float32Array(BLOCK_SAMPLES / STEP_SAMPLES);
  #noisyPower = 0;
  #cleanPower = 0;
  #gain = 0;

  /**
   * @param noisy what the suppression was given, as late as what it gave
   * @param clean what it gave: the high band is added to it
   */
  restore(noisy: Float32Array, clean: Float32Array): void {
    stepPowers(noisy, this.#noisyGuide, this.#guide, this.#noisyPowers);
    stepPowers(clean, this.#cleanGuide, this.#guide, this.#cleanPowers);
    this.#high.set(noisy);
    for (const filter of this.#edge) filter.process(this.#high);
    for (let step = 0; step < this.#noisyPowers.length; step += 1) {
      this.#noisyPower += ((this.#noisyPowers[step] ?? 0) - this.#noisyPower) * POWER_WEIGHT;
      this.#cleanPower += ((this.#cleanPowers[step] ?? 0) - this.#cleanPower) * POWER_WEIGHT;
      const gain = Math.min(1, Math.sqrt(this.#cleanPower / (this.#noisyPower + TINY_POWER)));
      this.#add(clean, step * STEP_SAMPLES, gain);
    }
  }

  reset(): void {
    for (const filter of [...this.#edge, ...this.#noisyGuide, ...this.#cleanGuide]) filter.reset();
    this.#noisyPower = 0;
    this.#cleanPower = 0;
    this.#gain = 0;
  }

  /** Adds a step of the high band, its gain moving from the last one to this. */
  #add(clean: Float32Array, start: number, gain: number): void {
    const slope = (gain - this.#gain) / STEP_SAMPLES;
    for (let index = 0; index < STEP_SAMPLES; index += 1) {
      this.#gain += slope;
      const at = start + index;
      clean[at] = (clean[at] ?? 0) + (this.#high[at] ?? 0) * this.#gain;
    }
    this.#gain = gain;
  }
}

/** Mean power of each step of a block, in the band that the filters let through. */
function stepPowers(
  block: Float32Array,
  filters: readonly [Biquad, Biquad],
  scratch: Float32Array,
  powers: Float32Array,
): void {
  scratch.set(block);
  filters[0].process(scratch);
  filters[1].process(scratch);
  for (let step = 0; step < powers.length; step += 1) {
    let sum = 0;
    for (let index = 0; index < STEP_SAMPLES; index += 1)
      sum += (scratch[step * STEP_SAMPLES + index] ?? 0) ** 2;
    powers[step] = sum / STEP_SAMPLES;
  }
}
