import { createRequire } from 'node:module';
import { HighBand } from '../../../core/processing/high-band.ts';
import { BLOCK_SAMPLES, type SuppressionStage } from '../../../core/processing/processing-stage.ts';
import { address, loadWasm, type WasmLibrary } from './wasm-library.ts';

const requireHere = createRequire(import.meta.url);

/** Exports of gtcrn.wasm in @sapphi-red/web-noise-suppressor 0.4.1, as its own worklet names them. */
const EXPORTS = { create: 'e', destroy: 'g', process48k: 'j', malloc: 'k' } as const;

/** It takes 16 ms at a time, at 48 kHz. */
const FRAME_SAMPLES = 768;

/** Delay of a frame's sound behind the frame, measured: half its window of 32 ms, and its resampler. */
const MODEL_DELAY_SAMPLES = 890;

/**
 * What must lie in store so that blocks of 480 can always be taken out of frames of 768: the most that is left over
 * of whole blocks after whole frames.
 */
const STORE_SAMPLES = 672;

const DELAY_SAMPLES = MODEL_DELAY_SAMPLES + STORE_SAMPLES;

/**
 * GTCRN (X. Rong et al., "GTCRN: A Speech Enhancement Model Requiring Ultralow Computational Resources", ICASSP 2024),
 * which works at 16 kHz; the band above is restored from the noisy sound.
 */
class Gtcrn implements SuppressionStage {
  readonly delaySamples = DELAY_SAMPLES;
  /** It cleans, and does not say what it found. */
  readonly voiceProbability = null;
  readonly #calls: WasmLibrary<keyof typeof EXPORTS>['calls'];
  readonly #inputAt: number;
  readonly #outputAt: number;
  readonly #input: Float32Array;
  readonly #output: Float32Array;
  readonly #highBand = new HighBand();
  readonly #history = new Float32Array(DELAY_SAMPLES + BLOCK_SAMPLES);
  readonly #noisy: Float32Array;
  readonly #store = new Float32Array(STORE_SAMPLES + 2 * FRAME_SAMPLES);
  #stored = STORE_SAMPLES;
  #filled = 0;
  #state: number;

  constructor({ calls, memory }: WasmLibrary<keyof typeof EXPORTS>) {
    this.#calls = calls;
    this.#state = address(calls.create());
    this.#inputAt = address(calls.malloc(FRAME_SAMPLES * Float32Array.BYTES_PER_ELEMENT));
    this.#outputAt = address(calls.malloc(FRAME_SAMPLES * Float32Array.BYTES_PER_ELEMENT));
    this.#input = new Float32Array(memory.buffer, this.#inputAt, FRAME_SAMPLES);
    this.#output = new Float32Array(memory.buffer, this.#outputAt, FRAME_SAMPLES);
    this.#noisy = this.#history.subarray(0, BLOCK_SAMPLES);
  }

  process(block: Float32Array): void {
    this.#history.copyWithin(0, BLOCK_SAMPLES);
    this.#history.set(block, DELAY_SAMPLES);
    for (let index = 0; index < BLOCK_SAMPLES; index += 1) {
      this.#input[this.#filled] = block[index] ?? 0;
      this.#filled += 1;
      if (this.#filled === FRAME_SAMPLES) this.#runFrame();
    }
    for (let index = 0; index < BLOCK_SAMPLES; index += 1) block[index] = this.#store[index] ?? 0;
    this.#store.copyWithin(0, BLOCK_SAMPLES, this.#stored);
    this.#stored -= BLOCK_SAMPLES;
    this.#highBand.restore(this.#noisy, block);
  }

  reset(): void {
    this.#calls.destroy(this.#state);
    this.#state = address(this.#calls.create());
    this.#highBand.reset();
    this.#history.fill(0);
    this.#store.fill(0);
    this.#stored = STORE_SAMPLES;
    this.#filled = 0;
  }

  #runFrame(): void {
    this.#filled = 0;
    this.#calls.process48k(this.#state, this.#inputAt, this.#outputAt);
    this.#store.set(this.#output, this.#stored);
    this.#stored += FRAME_SAMPLES;
  }
}

/** Loads GTCRN: clearly stronger than RNNoise, and later by 22 ms. */
export async function loadStrongSuppression(): Promise<SuppressionStage> {
  return new Gtcrn(
    await loadWasm(requireHere.resolve('@sapphi-red/web-noise-suppressor/gtcrn.wasm'), EXPORTS, () => ({
      a: failed,
      b: () => 0,
    })),
  );
}

/** The library's own assertions. */
function failed(): number {
  throw new Error('the noise suppression found an error in itself');
}
