import { SAMPLES_PER_MS } from '../voice/sample-rate.ts';
import type { ProcessingStage } from './processing-stage.ts';

/** Nothing that comes out is above this amplitude: -1 dBFS, which leaves room for what Opus adds between samples. */
export const LIMITER_CEILING = Math.fround(10 ** (-1 / 20));

/** How long the gain stays down after a peak, in ms: longer than a period of the lowest voice, or it would hum along. */
const HOLD_MS = 15;

/** Time constant of the way back up, in ms. */
const RELEASE_MS = 120;

/** Share of the way back up that is left after a sample. */
const RELEASE_FACTOR = Math.exp(-1 / (RELEASE_MS * SAMPLES_PER_MS));

/**
 * Peak limiter without look-ahead, so without delay.
 *
 * The gain falls with the sample that would pass the ceiling and is held there: the first peak of a burst is
 * flattened, the rest of it is only quieter. As the gain follows the waveform down and comes up smoothly, there is
 * no step in what comes out.
 */
export class Limiter implements ProcessingStage {
  readonly delaySamples = 0;
  #gain = 1;
  #heldSamples = 0;

  process(block: Float32Array): void {
    let gain = this.#gain;
    let held = this.#heldSamples;
    for (let index = 0; index < block.length; index += 1) {
      const sample = block[index] ?? 0;
      if (held > 0) held -= 1;
      else gain = 1 - (1 - gain) * RELEASE_FACTOR;
      const size = Math.abs(sample);
      if (size * gain >= LIMITER_CEILING) {
        gain = LIMITER_CEILING / size;
        held = HOLD_MS * SAMPLES_PER_MS;
        block[index] = sample < 0 ? -LIMITER_CEILING : LIMITER_CEILING;
      } else block[index] = sample * gain;
    }
    this.#gain = gain;
    this.#heldSamples = held;
  }

  reset(): void {
    this.#gain = 1;
    this.#heldSamples = 0;
  }
}
