import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { assert } from '../../core/base/assert.ts';

const requireHere = createRequire(import.meta.url);

/** Lowest and highest rate that is converted, in Hz: telephones, and the best sound cards. */
export const MIN_RATE_HZ = 8_000;
export const MAX_RATE_HZ = 192_000;

/** Most samples taken at once. */
export const MAX_INPUT_SAMPLES = 2_048;

/** The largest step up, 8 to 48 kHz, makes six of one; one more for what was left before. */
const MAX_OUTPUT_SAMPLES = MAX_INPUT_SAMPLES * 7;

/** Of 0 to 10. 5 keeps images 80 dB down and takes 0.06 ms per 10 ms. */
const QUALITY = 5;

const BYTES_PER_SAMPLE = Float32Array.BYTES_PER_ELEMENT;

/** The part of the library that is used: SpeexDSP's resampler, whose functions take addresses in its memory. */
interface SpeexModule {
  readonly HEAPF32: Float32Array;
  readonly HEAPU32: Uint32Array;
  _malloc(bytes: number): number;
  _speex_resampler_init(
    channels: number,
    fromHz: number,
    toHz: number,
    quality: number,
    errorAddress: number,
  ): number;
  _speex_resampler_skip_zeros(state: number): number;
  _speex_resampler_process_float(
    state: number,
    channel: number,
    inAddress: number,
    inCountAddress: number,
    outAddress: number,
    outCountAddress: number,
  ): number;
}

/** Changes the rate of mono sound, piece by piece. Allocates nothing after the constructor. */
export class Resampler {
  readonly #module: SpeexModule;
  readonly #state: number;
  readonly #memory: number;
  readonly #inCount: number;
  readonly #outCount: number;
  readonly #out: number;

  /** @throws Error when its library cannot be loaded, or for rates out of bounds */
  static async create(fromHz: number, toHz: number): Promise<Resampler> {
    // By its path, so that no bundler takes it away from the wasm file beside it.
    const path = requireHere.resolve('@echogarden/speex-resampler-wasm/simd');
    const { default: load } = (await import(pathToFileURL(path).href)) as {
      default: () => Promise<SpeexModule>;
    };
    return new Resampler(await load(), fromHz, toHz);
  }

  private constructor(module: SpeexModule, fromHz: number, toHz: number) {
    for (const rateHz of [fromHz, toHz]) {
      assert(rateHz >= MIN_RATE_HZ && rateHz <= MAX_RATE_HZ, 'rates are between 8 and 192 kHz');
    }
    this.#module = module;
    this.#state = module._speex_resampler_init(1, fromHz, toHz, QUALITY, 0);
    this.#memory = module._malloc((MAX_INPUT_SAMPLES + MAX_OUTPUT_SAMPLES + 2) * BYTES_PER_SAMPLE);
    assert(this.#state !== 0 && this.#memory !== 0, 'a resampler finds the memory it needs');
    this.#out = this.#memory + MAX_INPUT_SAMPLES * BYTES_PER_SAMPLE;
    this.#inCount = this.#out + MAX_OUTPUT_SAMPLES * BYTES_PER_SAMPLE;
    this.#outCount = this.#inCount + BYTES_PER_SAMPLE;
  }

  /**
   * Lets the sound begin at once and not after the filter's own delay, 0.8 ms at 48 kHz: for recordings. In a stream
   * this would make the first block too short.
   */
  skipDelay(): void {
    this.#module._speex_resampler_skip_zeros(this.#state);
  }

  /**
   * Takes the first `count` samples, at most `MAX_INPUT_SAMPLES`, and puts what they make into `into` from `at` on.
   *
   * @returns how many it made; `into` must have room for them
   */
  process(samples: Float32Array, count: number, into: Float32Array, at = 0): number {
    assert(count <= MAX_INPUT_SAMPLES, 'a resampler takes MAX_INPUT_SAMPLES at once');
    const { HEAPF32: floats, HEAPU32: counts } = this.#module;
    const start = this.#memory / BYTES_PER_SAMPLE;
    for (let i = 0; i < count; i++) floats[start + i] = samples[i] ?? 0;
    counts[this.#inCount / BYTES_PER_SAMPLE] = count;
    counts[this.#outCount / BYTES_PER_SAMPLE] = Math.min(MAX_OUTPUT_SAMPLES, into.length - at);
    this.#module._speex_resampler_process_float(
      this.#state,
      0,
      this.#memory,
      this.#inCount,
      this.#out,
      this.#outCount,
    );
    const made = counts[this.#outCount / BYTES_PER_SAMPLE] ?? 0;
    const out = this.#out / BYTES_PER_SAMPLE;
    for (let i = 0; i < made; i++) into[at + i] = floats[out + i] ?? 0;
    return made;
  }
}

/** The whole of a recording at another rate. */
export async function resampleAll(
  samples: Float32Array,
  fromHz: number,
  toHz: number,
): Promise<Float32Array> {
  if (fromHz === toHz) return samples;
  const resampler = await Resampler.create(fromHz, toHz);
  resampler.skipDelay();
  const wanted = Math.round((samples.length * toHz) / fromHz);
  const into = new Float32Array(wanted + MAX_OUTPUT_SAMPLES);
  const silence = new Float32Array(MAX_INPUT_SAMPLES);
  let made = 0;
  for (let at = 0; at < samples.length; at += MAX_INPUT_SAMPLES) {
    const piece = samples.subarray(at, at + MAX_INPUT_SAMPLES);
    made += resampler.process(piece, piece.length, into, made);
  }
  // The filter still holds the end.
  if (made < wanted) resampler.process(silence, silence.length, into, made);
  return into.slice(0, wanted);
}
