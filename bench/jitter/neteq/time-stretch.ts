import type { BackgroundNoise } from './background-noise.ts';
import { UNKNOWN_ENERGY } from './background-noise.ts';
import { crossFaded, cut, joined, type MarkedSound } from './marked-sound.ts';
import { DECIMATION, decimate, dot, highestPeak } from './signal.ts';

/** Stretching works on so much sound, in samples: 30 ms. */
export const STRETCH_SAMPLES = 1_440;
const HALF_SAMPLES = STRETCH_SAMPLES / 2;
/** Speech is stretched where one period correlates with the next by more than this. */
const CORRELATION_THRESHOLD = 0.9;
/** Periods searched: 2.5 to 15 ms, in the 4 kHz domain. */
const MIN_LAG = 10;
const MAX_LAG = 60;
const CORRELATION_LENGTH = 50;
/** First sample taken into the 4 kHz domain: the low-pass ends there. */
const FIRST_DECIMATED = 10;
/** So much above the background (both periods together) is speech. */
const SPEECH_FACTOR = 8;

export interface Stretched {
  readonly sound: MarkedSound;
  /** Samples taken out or put in; 0 when the sound did not allow it. */
  readonly changedSamples: number;
}

interface Period {
  readonly lag: number;
  readonly correlation: number;
  readonly isSpeech: boolean;
}

function findPeriod(sound: MarkedSound, noise: BackgroundNoise): Period {
  const low = decimate(sound.samples, FIRST_DECIMATED, CORRELATION_LENGTH + MAX_LAG);
  const correlations = new Float64Array(MAX_LAG - MIN_LAG + 1);
  for (let lag = MIN_LAG; lag < MAX_LAG; lag += 1) {
    correlations[lag - MIN_LAG] = dot(low, MAX_LAG, low, MAX_LAG - lag, CORRELATION_LENGTH);
  }
  const peak = highestPeak(correlations, MAX_LAG - MIN_LAG);
  const lag = Math.min(HALF_SAMPLES, peak.lag + MIN_LAG * DECIMATION);
  const { samples } = sound;
  const before = dot(samples, HALF_SAMPLES - lag, samples, HALF_SAMPLES - lag, lag);
  const after = dot(samples, HALF_SAMPLES, samples, HALF_SAMPLES, lag);
  const isSpeech = (before + after) / (2 * SPEECH_FACTOR) > lag * (noise.energy ?? UNKNOWN_ENERGY);
  const cross = Math.max(0, dot(samples, HALF_SAMPLES - lag, samples, HALF_SAMPLES, lag));
  const correlation = isSpeech && before > 0 && after > 0 ? cross / Math.sqrt(before * after) : 0;
  return { lag, correlation: Math.min(1, correlation), isSpeech };
}

/** Takes one period out, when the sound allows it. */
export function accelerate(sound: MarkedSound, noise: BackgroundNoise): Stretched {
  const { lag, correlation, isSpeech } = findPeriod(sound, noise);
  if (isSpeech && correlation <= CORRELATION_THRESHOLD) return { sound, changedSamples: 0 };
  const faded = crossFaded(cut(sound, 0, HALF_SAMPLES), cut(sound, HALF_SAMPLES, HALF_SAMPLES + lag), lag);
  return { sound: joined(faded, cut(sound, HALF_SAMPLES + lag)), changedSamples: lag };
}

/**
 * Puts one period in, when the sound allows it.
 *
 * @param playedSamples of `sound`, from its start, that were played already and must stay
 */
export function preemptiveExpand(
  sound: MarkedSound,
  playedSamples: number,
  noise: BackgroundNoise,
): Stretched {
  const period = findPeriod(sound, noise);
  if (period.isSpeech && (period.correlation <= CORRELATION_THRESHOLD || playedSamples > HALF_SAMPLES)) {
    return { sound, changedSamples: 0 };
  }
  const lag = period.isSpeech ? period.lag : Math.min(period.lag, sound.samples.length - playedSamples);
  const kept = Math.max(playedSamples, HALF_SAMPLES);
  const faded = crossFaded(cut(sound, 0, kept + lag), cut(sound, kept - lag, kept), lag);
  return { sound: joined(faded, cut(sound, kept)), changedSamples: lag };
}
