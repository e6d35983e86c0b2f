import { complexFrom, transform } from './fft.ts';
import { resample } from './resample.ts';

/** The rate both measures are defined at. */
export const STOI_RATE_HZ = 10_000;

/** Frame of 25.6 ms, half overlap, padded to twice its length before the transform. */
const FRAME_SAMPLES = 256;
const HOP_SAMPLES = FRAME_SAMPLES / 2;
const FFT_SIZE = 512;

/** Third-octave bands, the lowest centred on 150 Hz. */
const BANDS = 15;
const LOWEST_CENTRE_HZ = 150;

/** Frames per compared segment: 384 ms. */
const SEGMENT_FRAMES = 30;

/** Lowest signal-to-distortion ratio that still counts, in dB. */
const BETA_DB = -15;

/** Frames of the reference this far below its loudest frame are left out, in dB. */
const DYNAMIC_RANGE_DB = 40;

/** Keeps divisions defined where a band is empty. */
const TINY = 1e-20;

export type Intelligibility = {
  /** STOI: about 0 (unrelated) to 1 (identical). */
  readonly stoi: number;
  /** Extended STOI, stricter with fluctuating disturbances. */
  readonly estoi: number;
};

type Segment = { readonly clean: Float64Array; readonly degraded: Float64Array };

/** Hann window without its two zeros at the ends, as in the authors' own program. */
function hannWindow(): Float64Array {
  return Float64Array.from({ length: FRAME_SAMPLES }, (_, i) => {
    return 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 1)) / (FRAME_SAMPLES + 1));
  });
}

function windowed(samples: Float32Array, start: number, window: Float64Array): Float64Array {
  return window.map((weight, i) => weight * (samples[start + i] ?? 0));
}

function frameStarts(length: number): number[] {
  const starts: number[] = [];
  for (let start = 0; start + FRAME_SAMPLES <= length; start += HOP_SAMPLES) starts.push(start);
  return starts;
}

/** Overlap-adds the frames of both signals in which the clean one is not silent (section II of the paper). */
function dropSilentFrames(
  clean: Float32Array,
  degraded: Float32Array,
  window: Float64Array,
): [Float32Array, Float32Array] {
  const starts = frameStarts(clean.length);
  const levels = starts.map((start) => {
    const frame = windowed(clean, start, window);
    return 20 * Math.log10(Math.sqrt(frame.reduce((sum, x) => sum + x * x, 0) / FRAME_SAMPLES) + TINY);
  });
  const threshold = Math.max(...levels) - DYNAMIC_RANGE_DB;
  const kept = starts.filter((_, i) => (levels[i] ?? 0) > threshold);
  const length = kept.length === 0 ? 0 : (kept.length - 1) * HOP_SAMPLES + FRAME_SAMPLES;
  const join = (source: Float32Array): Float32Array => {
    const joined = new Float32Array(length);
    kept.forEach((start, n) => {
      const at = n * HOP_SAMPLES;
      windowed(source, start, window).forEach((value, i) => {
        joined[at + i] = (joined[at + i] ?? 0) + value;
      });
    });
    return joined;
  };
  return [join(clean), join(degraded)];
}

/** First and last-plus-one FFT bin of every third-octave band: the bins nearest to the band's edges. */
function bandBins(): [number, number][] {
  const binHz = STOI_RATE_HZ / FFT_SIZE;
  return Array.from({ length: BANDS }, (_, band) => {
    const low = LOWEST_CENTRE_HZ * 2 ** ((2 * band - 1) / 6);
    const high = LOWEST_CENTRE_HZ * 2 ** ((2 * band + 1) / 6);
    return [Math.round(low / binHz), Math.round(high / binHz)];
  });
}

/** Band envelopes: one array of `BANDS` magnitudes per frame. */
function bandEnvelopes(samples: Float32Array, window: Float64Array): Float64Array[] {
  const bins = bandBins();
  return frameStarts(samples.length).map((start) => {
    const spectrum = complexFrom(windowed(samples, start, window), FFT_SIZE);
    transform(spectrum, 'forward');
    return Float64Array.from(bins, ([low, high]) => {
      let power = 0;
      for (let bin = low; bin < high; bin += 1) {
        power += (spectrum.re[bin] ?? 0) ** 2 + (spectrum.im[bin] ?? 0) ** 2;
      }
      return Math.sqrt(power);
    });
  });
}

/** The last `SEGMENT_FRAMES` frames up to `end` as a matrix of bands x frames, row by row. */
function segmentAt(envelopes: readonly Float64Array[], end: number): Float64Array {
  const segment = new Float64Array(BANDS * SEGMENT_FRAMES);
  for (let band = 0; band < BANDS; band += 1) {
    for (let n = 0; n < SEGMENT_FRAMES; n += 1) {
      segment[band * SEGMENT_FRAMES + n] = envelopes[end - SEGMENT_FRAMES + n]?.[band] ?? 0;
    }
  }
  return segment;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Takes away the mean and divides by the length of the vector. */
function normalise(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  const norm = Math.sqrt(dot(centred, centred)) + TINY;
  return centred.map((value) => value / norm);
}

function row(matrix: Float64Array, band: number): Float64Array {
  return matrix.subarray(band * SEGMENT_FRAMES, (band + 1) * SEGMENT_FRAMES);
}

function column(matrix: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: BANDS }, (_, band) => matrix[band * SEGMENT_FRAMES + n] ?? 0);
}

/** Mean over bands of the correlation of clean and scaled, clipped degraded envelopes (equations 3 to 6). */
function segmentStoi({ clean, degraded }: Segment): number {
  const ceiling = 1 + 10 ** (-BETA_DB / 20);
  let sum = 0;
  for (let band = 0; band < BANDS; band += 1) {
    const x = row(clean, band);
    const y = row(degraded, band);
    const gain = Math.sqrt(dot(x, x) / (dot(y, y) + TINY));
    const clipped = y.map((value, n) => Math.min(value * gain, (x[n] ?? 0) * ceiling));
    sum += dot(normalise(x), normalise(clipped));
  }
  return sum / BANDS;
}

function normaliseRowsThenColumns(matrix: Float64Array): Float64Array[] {
  const rows = new Float64Array(matrix.length);
  for (let band = 0; band < BANDS; band += 1) rows.set(normalise(row(matrix, band)), band * SEGMENT_FRAMES);
  return Array.from({ length: SEGMENT_FRAMES }, (_, n) => normalise(column(rows, n)));
}

/** Mean over frames of the inner product of row- and column-normalised spectra (Jensen and Taal, eq. 5 to 8). */
function segmentEstoi({ clean, degraded }: Segment): number {
  const x = normaliseRowsThenColumns(clean);
  const y = normaliseRowsThenColumns(degraded);
  const sum = x.reduce((total, spectrum, n) => total + dot(spectrum, y[n] ?? new Float64Array(0)), 0);
  return sum / SEGMENT_FRAMES;
}

/**
 * Short-time objective intelligibility of degraded speech against the clean original, and its extended form.
 *
 * Sources: Taal, Hendriks, Heusdens, Jensen, "An Algorithm for Intelligibility Prediction of Time-Frequency
 * Weighted Noisy Speech", IEEE TASLP 19(7), 2011; Jensen, Taal, "An Algorithm for Predicting the
 * Intelligibility of Speech Masked by Modulated Noise Maskers", IEEE/ACM TASLP 24(11), 2016.
 *
 * @param clean - the original, one channel
 * @param degraded - the same speech as it arrived, aligned to the original sample by sample
 * @param sampleRateHz - of both; anything but 10 kHz is resampled
 * @returns null when less than 384 ms of sounding speech is there: the measure is not defined then
 */
export function intelligibility(
  clean: Float32Array,
  degraded: Float32Array,
  sampleRateHz: number,
): Intelligibility | null {
  const length = Math.min(clean.length, degraded.length);
  const window = hannWindow();
  const [x, y] = dropSilentFrames(
    resample(clean.subarray(0, length), sampleRateHz, STOI_RATE_HZ),
    resample(degraded.subarray(0, length), sampleRateHz, STOI_RATE_HZ),
    window,
  );
  const cleanBands = bandEnvelopes(x, window);
  const degradedBands = bandEnvelopes(y, window);
  let stoi = 0;
  let estoi = 0;
  let segments = 0;
  for (let end = SEGMENT_FRAMES; end <= cleanBands.length; end += 1) {
    const segment = { clean: segmentAt(cleanBands, end), degraded: segmentAt(degradedBands, end) };
    stoi += segmentStoi(segment);
    estoi += segmentEstoi(segment);
    segments += 1;
  }
  return segments === 0 ? null : { stoi: stoi / segments, estoi: estoi / segments };
}
