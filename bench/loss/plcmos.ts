import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { complexFrom, transform } from '../../e2e/sound/fft.ts';
import { resample } from '../../e2e/sound/resample.ts';
import { optionalPackages } from '../optional-package.ts';

/** Rate of the sound that the model was made for. */
const PLCMOS_RATE_HZ = 16_000;

const FRAME_SAMPLES = 512;
const HOP_SAMPLES = 256;
const BINS = FRAME_SAMPLES / 2 + 1;

/** The model answers for one listener at a time, named by so many numbers; the mean of so many listeners counts. */
const RATER_NUMBERS = 64;
const RATERS = 15;

/** A bin without any power counts as this far below the faintest that has some: 120 dB. */
const EMPTY_NEPERS = 12 * Math.LN10;

/** As much of onnxruntime-node as is used here. */
interface OnnxRuntime {
  readonly InferenceSession: {
    create(path: string, options: { intraOpNumThreads: number }): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => object;
}

interface OnnxSession {
  readonly outputNames: readonly string[];
  run(
    feeds: Readonly<Record<string, object>>,
  ): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>;
}

/** Scores speech, 1 (bad) to 5. */
export type Plcmos = (samples: Float32Array, rateHz: number) => Promise<number>;

const hamming = Float64Array.from(
  { length: FRAME_SAMPLES },
  (_, at) => 0.54 - 0.46 * Math.cos((2 * Math.PI * at) / FRAME_SAMPLES),
);

/** Log power of each frame's bins, a twentieth of a neper each. */
function featuresOf(samples: Float32Array): { readonly features: Float32Array; readonly frames: number } {
  const frames = Math.ceil(samples.length / HOP_SAMPLES) + 1;
  const features = new Float32Array(frames * BINS);
  let faintest = Number.POSITIVE_INFINITY;
  for (let frame = 0; frame < frames; frame += 1) {
    // The first frame lies half before the sound, the last half behind it.
    const start = (frame - 1) * HOP_SAMPLES;
    const spectrum = complexFrom(
      hamming.map((weight, at) => weight * (samples[start + at] ?? 0)),
      FRAME_SAMPLES,
    );
    transform(spectrum, 'forward');
    for (let bin = 0; bin < BINS; bin += 1) {
      const power = (spectrum.re[bin] ?? 0) ** 2 + (spectrum.im[bin] ?? 0) ** 2;
      features[frame * BINS + bin] = power;
      if (power > 0 && power < faintest) faintest = power;
    }
  }
  const empty = Math.log(faintest) - EMPTY_NEPERS;
  return { features: features.map((power) => (power > 0 ? Math.log(power) : empty) / 20), frames };
}

/** Sound as it would come out of a file of 16 bits. */
function as16Bits(samples: Float32Array): Float32Array {
  return samples.map((value) => Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768))) / 32_768);
}

/**
 * PLCMOS v2 (Diener, Purin, Sootla, Saabas, Aichner, Cutler: "PLCMOS - a data-driven non-intrusive metric for the
 * evaluation of packet loss concealment algorithms", INTERSPEECH 2023).
 *
 * @param modelFolder with `plcmos_v2.onnx` and the raters' numbers, `rater.f32`
 * @returns null where the model is not there
 * @throws Error when what runs it cannot be installed
 */
export async function loadPlcmos(modelFolder: string): Promise<Plcmos | null> {
  const modelPath = join(modelFolder, 'plcmos_v2.onnx');
  if (!existsSync(modelPath)) return null;
  const bytes = readFileSync(join(modelFolder, 'rater.f32'));
  const raters = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const packages = await optionalPackages(join(import.meta.dirname, 'plcmos'));
  const { InferenceSession, Tensor } = packages('onnxruntime-node') as OnnxRuntime;
  const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1 });
  return async (samples, rateHz) => {
    const { features, frames } = featuresOf(as16Bits(resample(samples, rateHz, PLCMOS_RATE_HZ)));
    const sound = new Tensor('float32', features, [1, 1, frames, BINS]);
    let sum = 0;
    for (let rater = 0; rater < RATERS; rater += 1) {
      const numbers = raters.slice(rater * RATER_NUMBERS, (rater + 1) * RATER_NUMBERS);
      const result = await session.run({
        degraded_audio: sound,
        rater_embed: new Tensor('float32', numbers, [1, RATER_NUMBERS]),
      });
      sum += result[session.outputNames[0] ?? '']?.data[0] ?? Number.NaN;
    }
    return sum / RATERS;
  };
}
