/** Samples that a sound device asks for and hands over at a time: 10 ms. */
export const BLOCK_SAMPLES = 480;

/** Nominal samples per ms. */
const SAMPLES_PER_MS = 48;

/** The clock of a sound card, capture and playback alike, which is off by so many millionths. */
export class SoundCard {
  readonly #samplesPerMs: number;
  readonly #startMs: number;

  /** @param startMs when its first block begins */
  constructor(errorPpm: number, startMs: number) {
    this.#samplesPerMs = SAMPLES_PER_MS * (1 + errorPpm / 1e6);
    this.#startMs = startMs;
  }

  /** When a sample is captured, or heard. Fractions are fine. */
  timeMs(sample: number): number {
    return this.#startMs + sample / this.#samplesPerMs;
  }
}
