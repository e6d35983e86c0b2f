import { EchoPresence } from './echo-presence.ts';
import { BLOCK_SAMPLES, type EchoStage } from './processing-stage.ts';
import { meanPower } from './stage-meter.ts';

/** Blocks over which the canceller comes in or goes out: its filters turn the phase, which must not be heard. */
const FADE_BLOCKS = 3;

/**
 * An echo canceller that rests while there is no echo.
 *
 * WebRTC's expects one until it has learnt better, and takes the near voice apart meanwhile whenever both speak: with
 * headphones its ESTOI was 0.49. While EchoPresence has proved that there is no echo, the microphone's own sound is
 * given out, as late as the canceller's; the canceller goes on learning behind it.
 */
export class RestingEcho implements EchoStage {
  readonly delaySamples: number;
  readonly #canceller: EchoStage;
  readonly #presence = new EchoPresence();
  readonly #history: Float32Array;
  /** How much of the canceller is heard, 0 to 1. */
  #share = 1;

  constructor(canceller: EchoStage) {
    this.#canceller = canceller;
    this.delaySamples = canceller.delaySamples;
    this.#history = new Float32Array(this.delaySamples + BLOCK_SAMPLES);
  }

  /** Nothing of the canceller is heard now. */
  get rests(): boolean {
    return this.#share === 0;
  }

  handleReference(block: Float32Array): void {
    this.#presence.handleReference(meanPower(block));
    this.#canceller.handleReference(block);
  }

  process(block: Float32Array): void {
    this.#presence.handleCapture(meanPower(block));
    this.#history.copyWithin(0, BLOCK_SAMPLES);
    this.#history.set(block, this.delaySamples);
    this.#canceller.process(block);
    const from = this.#share;
    const step = 1 / FADE_BLOCKS;
    const to = this.#presence.isAbsent ? Math.max(0, from - step) : Math.min(1, from + step);
    // Thirds do not add up to one.
    this.#share = to < step / 2 ? 0 : to > 1 - step / 2 ? 1 : to;
    if (from === 1 && this.#share === 1) return;
    const slope = (this.#share - from) / BLOCK_SAMPLES;
    for (let index = 0; index < BLOCK_SAMPLES; index += 1) {
      const own = this.#history[index] ?? 0;
      block[index] = own + ((block[index] ?? 0) - own) * (from + slope * (index + 1));
    }
  }

  reset(): void {
    this.#canceller.reset();
    this.#presence.reset();
    this.#history.fill(0);
    this.#share = 1;
  }
}
