import { createRequire } from 'node:module';
import {
  BLOCK_SAMPLES,
  type SuppressionStage,
  type VoiceDetector,
} from '../../../core/processing/processing-stage.ts';
import { address, loadWasm, type WasmLibrary } from './wasm-library.ts';

const requireHere = createRequire(import.meta.url);

/** Exports of @echogarden/rnnoise-wasm 0.2.0, as its own loader names them. */
const EXPORTS = { init: 'g', create: 'h', processFrame: 'k', malloc: 'l' } as const;

/** It takes and gives floats of the size of 16-bit samples. */
const SCALE = 32_768;

/** One block: it answers with the block before (an overlap of half its window of 20 ms). */
const DELAY_SAMPLES = BLOCK_SAMPLES;

/** RNNoise (J.-M. Valin, "A Hybrid DSP/Deep Learning Approach to Real-Time Full-Band Speech Enhancement", 2018). */
class Rnnoise implements SuppressionStage, VoiceDetector {
  readonly delaySamples = DELAY_SAMPLES;
  readonly #calls: WasmLibrary<keyof typeof EXPORTS>['calls'];
  readonly #state: number;
  readonly #blockAt: number;
  readonly #block: Float32Array;
  #voiceProbability = 0;

  constructor({ calls, memory }: WasmLibrary<keyof typeof EXPORTS>) {
    this.#calls = calls;
    this.#state = address(calls.create(0));
    this.#blockAt = address(calls.malloc(BLOCK_SAMPLES * Float32Array.BYTES_PER_ELEMENT));
    this.#block = new Float32Array(memory.buffer, this.#blockAt, BLOCK_SAMPLES);
  }

  get voiceProbability(): number {
    return this.#voiceProbability;
  }

  process(block: Float32Array): void {
    this.#voiceProbability = this.detect(block);
    for (let index = 0; index < BLOCK_SAMPLES; index += 1) block[index] = (this.#block[index] ?? 0) / SCALE;
  }

  detect(block: Float32Array): number {
    for (let index = 0; index < BLOCK_SAMPLES; index += 1) this.#block[index] = (block[index] ?? 0) * SCALE;
    return this.#calls.processFrame(this.#state, this.#blockAt, this.#blockAt);
  }

  reset(): void {
    this.#calls.init(this.#state, 0);
    this.#voiceProbability = 0;
  }
}

async function load(): Promise<Rnnoise> {
  return new Rnnoise(
    await loadWasm(requireHere.resolve('@echogarden/rnnoise-wasm/rnnoise.wasm'), EXPORTS, (memory) => ({
      a: () => 0,
      b: (to, from, count) => {
        memory().copyWithin(to ?? 0, from ?? 0, (from ?? 0) + (count ?? 0));
        return 0;
      },
    })),
  );
}

/** Loads RNNoise as noise suppression: 10 ms of delay, and it tells voices from noise on the way. */
export async function loadLightSuppression(): Promise<SuppressionStage> {
  return load();
}

/** Loads RNNoise as voice detector alone: the sound stays as it is. */
export async function loadVoiceDetector(): Promise<VoiceDetector> {
  return load();
}
