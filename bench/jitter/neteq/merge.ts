import { type Expand, OVERLAP_SAMPLES } from './expand.ts';
import { crossFaded, cut, joined, type MarkedSound } from './marked-sound.ts';
import { DECIMATION, decimate, dot, highestPeak } from './signal.ts';
import type { SyncBuffer } from './sync-buffer.ts';

/** Invented sound to fit real sound to, in samples. */
const INVENTED_SAMPLES = 1_212;
const MAX_LAGS = 60;
const INPUT_LENGTH = 40;
const INVENTED_LENGTH = 100;
const FIRST_DECIMATED = 6;
const MAX_FADE_SAMPLES = 360;
const OUTPUT_SAMPLES = 480;

function inventedMark(samples: Float32Array): MarkedSound {
  return { samples, real: new Float32Array(samples.length) };
}

/** Where in the invented sound the real one fits best, in samples. */
function findPlace(
  input: MarkedSound,
  invented: MarkedSound,
  longestLag: number,
  oldSamples: number,
): number {
  const inputLow = decimate(input.samples, FIRST_DECIMATED, INPUT_LENGTH);
  const inventedLow = decimate(invented.samples, FIRST_DECIMATED, INVENTED_LENGTH);
  const lags = Math.min(MAX_LAGS, Math.floor(longestLag / DECIMATION) + 1);
  const correlations = new Float64Array(MAX_LAGS + OVERLAP_SAMPLES);
  for (let lag = 0; lag < lags; lag += 1) {
    correlations[lag] = dot(inputLow, 0, inventedLow, lag, INPUT_LENGTH);
  }
  const least = Math.max(oldSamples, OUTPUT_SAMPLES + OVERLAP_SAMPLES);
  const start = Math.max(0, least - input.samples.length);
  const place = highestPeak(correlations.slice(Math.floor(start / DECIMATION)), lags).lag + start;
  return Math.min(place, INVENTED_SAMPLES - 1);
}

/**
 * Joins real sound to invented sound where they fit.
 *
 * @returns what comes after the present end of the buffer, and the samples by which the sound has grown
 */
export function merge(
  input: MarkedSound,
  expand: Expand,
  buffer: SyncBuffer,
): { sound: MarkedSound; grownSamples: number } {
  const oldSamples = buffer.futureSamples;
  expand.prepareMerge();
  const period = expand.process();
  let invented = buffer.future();
  while (invented.samples.length < INVENTED_SAMPLES) invented = joined(invented, inventedMark(period));
  invented = cut(invented, 0, INVENTED_SAMPLES);
  const place = findPlace(input, invented, expand.longestLag, oldSamples);
  const fade = Math.min(MAX_FADE_SAMPLES, INVENTED_SAMPLES - place, input.samples.length);
  const whole = crossFaded(cut(invented, 0, place + fade), input, fade);
  // What lay in the buffer before is overwritten by the start of the whole.
  buffer.replaceTail(cut(whole, 0, oldSamples));
  return { sound: cut(whole, oldSamples), grownSamples: whole.samples.length - oldSamples };
}
