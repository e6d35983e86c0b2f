import { Biquad } from './biquad.ts';
import type { ProcessingStage } from './processing-stage.ts';

/** Below this no voice has anything, but desks, fans and the mains do. In Hz. */
const CUTOFF_HZ = 80;

/** Takes out rumble: 12 dB per octave below 80 Hz. */
export class HighPass implements ProcessingStage {
  readonly delaySamples = 0;
  readonly #filter = new Biquad('high', CUTOFF_HZ);

  process(block: Float32Array): void {
    this.#filter.process(block);
  }

  reset(): void {
    this.#filter.reset();
  }
}
