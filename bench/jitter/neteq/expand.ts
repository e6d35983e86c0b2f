import type { Rng } from '../../../src/core/base/rng.ts';
import { decimate, dot, highestPeaks, linearPrediction } from './signal.ts';
import type { SyncBuffer } from './sync-buffer.ts';

/** Samples by which invented sound overlaps what was there: 5/8 ms. */
export const OVERLAP_SAMPLES = 30;

const HISTORY_SAMPLES = 1_536;
const MIN_LAG_SAMPLES = 120;
const MAX_LAG_SAMPLES = 720;
const DISTORTION_SAMPLES = 120;
const DISTORTION_REACH_SAMPLES = 24;
const CANDIDATES = 3;
const CORRELATION_START_LAG = 10;
const CORRELATION_LAGS = 54;
const CORRELATION_LENGTH = 60;
/** NetEQ looks at fewer lags than it computes, for old times' sake. */
const SEARCHED_LAGS = 51;
const LPC_ORDER = 6;
const LPC_SAMPLES = 960;
const RESIDUAL_SAMPLES = 128;
const MAX_CONSECUTIVE = 200;
/** Per sample: full scale to 90 % in 6.25 ms, and the slopes that take over after 3 and 7 periods. */
const UNVOICED_SLOPE = 0.005 / 6;
const SLOPE_AFTER_3 = 0.001 / 6;
const SLOPE_AFTER_7 = 0.002 / 6;

interface Voice {
  readonly near: Float32Array;
  readonly far: Float32Array;
  readonly lags: readonly number[];
  readonly longestLag: number;
  /** Part of the periodic sound that stays for good, 0 to 1. */
  readonly voicedShare: number;
  readonly onset: boolean;
  readonly noiseRms: number;
  readonly filter: Float64Array;
}

function meanDifference(history: Float32Array, lag: number): number {
  const start = HISTORY_SAMPLES - DISTORTION_SAMPLES;
  let sum = 0;
  for (let at = start; at < HISTORY_SAMPLES; at += 1) {
    sum += Math.abs((history[at] ?? 0) - (history[at - lag] ?? 0));
  }
  return sum;
}

function correlations(history: Float32Array): Float64Array {
  const length = CORRELATION_START_LAG + CORRELATION_LAGS + CORRELATION_LENGTH;
  const low = decimate(history, HISTORY_SAMPLES - length * 12, length);
  const start = length - CORRELATION_LENGTH;
  const out = new Float64Array(CORRELATION_LAGS);
  for (let lag = 0; lag < CORRELATION_LAGS; lag += 1) {
    out[lag] = dot(low, start, low, start - CORRELATION_START_LAG - lag, CORRELATION_LENGTH);
  }
  return out;
}

/** The period that correlates best, and the one near it that differs least. */
function findLags(history: Float32Array): { distortionLag: number; correlationLag: number } {
  let best = { distortionLag: MIN_LAG_SAMPLES, correlationLag: MIN_LAG_SAMPLES };
  let bestRatio = Number.NEGATIVE_INFINITY;
  for (const peak of highestPeaks(correlations(history).slice(0, SEARCHED_LAGS), CANDIDATES)) {
    const correlationLag = peak.lag + MIN_LAG_SAMPLES;
    let least = Number.POSITIVE_INFINITY;
    let distortionLag = correlationLag;
    const from = Math.max(MIN_LAG_SAMPLES, correlationLag - DISTORTION_REACH_SAMPLES);
    const to = Math.min(MAX_LAG_SAMPLES - 1, correlationLag + DISTORTION_REACH_SAMPLES);
    for (let lag = from; lag <= to; lag += 1) {
      const difference = meanDifference(history, lag);
      if (difference >= least) continue;
      least = difference;
      distortionLag = lag;
    }
    const ratio = least > 0 ? peak.value / least : peak.value === 0 ? 0 : Number.MAX_VALUE;
    if (ratio <= bestRatio) continue;
    bestRatio = ratio;
    best = { distortionLag, correlationLag };
  }
  return best;
}

/** How alike the last sound is to itself one period before, 0 to 1. */
function similarity(history: Float32Array, distortionLag: number, correlationLag: number): number {
  const length = Math.max(Math.min(distortionLag + 10, MAX_LAG_SAMPLES), 360);
  const start = HISTORY_SAMPLES - length;
  const from = Math.min(distortionLag, correlationLag);
  let [bestLag, most] = [from, Number.NEGATIVE_INFINITY];
  for (let lag = from; lag <= Math.max(distortionLag, correlationLag); lag += 1) {
    const correlation = dot(history, start, history, start - lag, length);
    if (correlation <= most) continue;
    [bestLag, most] = [lag, correlation];
  }
  const energies =
    dot(history, start, history, start, length) *
    dot(history, start - bestLag, history, start - bestLag, length);
  return energies > 0 ? Math.min(1, most / Math.sqrt(energies)) : 0;
}

function voicedShareOf(alike: number): number {
  if (alike <= 0.48) return 0;
  const share = (-5_179 + 19_931 * alike - 16_422 * alike ** 2 + 5_776 * alike ** 3) / 4_096;
  return Math.max(0, Math.min(1, share));
}

function residualOf(history: Float32Array): { filter: Float64Array; noiseRms: number } {
  const start = HISTORY_SAMPLES - LPC_SAMPLES;
  const autocorrelation = new Float64Array(LPC_ORDER + 1);
  for (let lag = 0; lag <= LPC_ORDER; lag += 1) {
    autocorrelation[lag] = dot(history, start + lag, history, start, LPC_SAMPLES - lag);
  }
  const { filter } = linearPrediction(autocorrelation);
  let energy = 0;
  for (let at = HISTORY_SAMPLES - RESIDUAL_SAMPLES; at < HISTORY_SAMPLES; at += 1) {
    let left = 0;
    for (let tap = 0; tap <= LPC_ORDER; tap += 1) left += (filter[tap] ?? 0) * (history[at - tap] ?? 0);
    energy += left * left;
  }
  return { filter, noiseRms: Math.sqrt(energy / RESIDUAL_SAMPLES) };
}

/** NetEQ's invention of sound for what is missing: the last pitch period over and over, ever more noise, ever quieter. */
export class Expand {
  readonly #buffer: SyncBuffer;
  readonly #rng: Rng;
  #voice: Voice | null = null;
  #slope = 0;
  #gain = 1;
  #voicedShare = 1;
  #consecutive = 0;
  #lagIndex = -1;
  #lagStep = 1;
  #stopMuting = false;
  readonly #filterState = new Float64Array(LPC_ORDER);

  constructor(buffer: SyncBuffer, rng: Rng) {
    this.#buffer = buffer;
    this.#rng = rng;
  }

  /** Gain of what is invented, 1 at first. */
  get gain(): number {
    return this.#gain;
  }

  get longestLag(): number {
    return this.#voice?.longestLag ?? 0;
  }

  /** What is invented has become silence. */
  get muted(): boolean {
    return this.#voice !== null && !this.#stopMuting && this.#gain === 0;
  }

  reset(): void {
    this.#voice = null;
    this.#consecutive = 0;
  }

  /** Real sound is about to follow: no quieter from here, and the period that fits best. */
  prepareMerge(): void {
    this.#lagIndex = -1;
    this.#lagStep = 1;
    this.#stopMuting = true;
  }

  prepareNormal(): void {
    this.#lagIndex = 0;
    this.#lagStep = 0;
    this.#stopMuting = true;
  }

  /** One pitch period more. Smooths the overlap at the end of the buffer. */
  process(): Float32Array {
    this.#voice ??= this.#analyse();
    const voice = this.#voice;
    this.#stepLag();
    const lag = voice.lags[this.#lagIndex] ?? voice.longestLag;
    const voiced = this.#periodic(voice, lag);
    if (this.#gain > 0.05 && this.#voicedShare > 0.5) this.#overlap(voiced);
    const out = this.#mixed(voice, voiced.subarray(OVERLAP_SAMPLES), lag);
    if (this.#consecutive === 3) this.#slope = Math.max(this.#slope, SLOPE_AFTER_3);
    if (this.#consecutive === 7) this.#slope = Math.max(this.#slope, SLOPE_AFTER_7);
    if (this.#consecutive > 0 || !voice.onset) this.#fade(out);
    this.#consecutive = Math.min(MAX_CONSECUTIVE, this.#consecutive + 1);
    return out;
  }

  #stepLag(): void {
    this.#lagIndex += this.#lagStep;
    if (this.#lagIndex <= 0) this.#lagStep = 1;
    if (this.#lagIndex >= 2) this.#lagStep = -1;
  }

  #periodic(voice: Voice, lag: number): Float32Array {
    const start = voice.near.length - lag - OVERLAP_SAMPLES;
    const farShare = [0, 0.25, 0.5][this.#lagIndex] ?? 0;
    return voice.near
      .slice(start)
      .map((sample, at) => sample * (1 - farShare) + (voice.far[start + at] ?? 0) * farShare);
  }

  #overlap(voiced: Float32Array): void {
    const { samples } = this.#buffer;
    const start = samples.length - OVERLAP_SAMPLES;
    for (let at = 0; at < OVERLAP_SAMPLES; at += 1) {
      const share = (at + 1) / (OVERLAP_SAMPLES + 1);
      const invented = this.#gain * (voiced[at] ?? 0);
      samples[start + at] = (samples[start + at] ?? 0) * (1 - share) + invented * share;
    }
  }

  #mixed(voice: Voice, voiced: Float32Array, lag: number): Float32Array {
    const bits = 32 - Math.clz32(voice.longestLag);
    const step = this.#stopMuting ? 0 : 256 / 2 ** (bits - 5) / 16_384;
    const out = new Float32Array(lag);
    for (let at = 0; at < lag; at += 1) {
      const noise = this.#noise(voice);
      out[at] = (voiced[at] ?? 0) * this.#voicedShare + noise * (1 - this.#voicedShare);
      if (this.#voicedShare > voice.voicedShare) {
        this.#voicedShare = Math.max(voice.voicedShare, this.#voicedShare - step);
      }
    }
    return out;
  }

  #noise(voice: Voice): number {
    let sample = (this.#rng.next() * 2 - 1) * Math.sqrt(3) * voice.noiseRms;
    for (let tap = 1; tap <= LPC_ORDER; tap += 1) {
      sample -= (voice.filter[tap] ?? 0) * (this.#filterState[tap - 1] ?? 0);
    }
    this.#filterState.copyWithin(1, 0);
    this.#filterState[0] = sample;
    return sample;
  }

  #fade(out: Float32Array): void {
    for (let at = 0; at < out.length; at += 1) {
      out[at] = (out[at] ?? 0) * this.#gain * (this.#stopMuting ? 1 : Math.max(0, 1 - at * this.#slope));
    }
    if (this.#stopMuting) return;
    const gain = Math.max(0, 1 - out.length * this.#slope) * this.#gain;
    // A slope of nothing would go on for ever.
    this.#gain = this.#consecutive > 3 && gain >= this.#gain ? 0 : gain < 1 / 16_384 ? 0 : gain;
  }

  #analyse(): Voice {
    this.#lagIndex = -1;
    this.#lagStep = 1;
    this.#stopMuting = false;
    this.#consecutive = 0;
    this.#gain = 1;
    this.#voicedShare = 1;
    this.#filterState.fill(0);
    const history = this.#buffer.samples.slice(-HISTORY_SAMPLES);
    const { distortionLag, correlationLag } = findLags(history);
    const longestLag = Math.max(distortionLag, correlationLag);
    const voicedShare = voicedShareOf(similarity(history, distortionLag, correlationLag));
    const length = longestLag + OVERLAP_SAMPLES;
    const start = HISTORY_SAMPLES - length;
    const near = history.slice(start);
    const nearEnergy = dot(history, start, history, start, length);
    const farEnergy = dot(history, start - distortionLag, history, start - distortionLag, length);
    const alike = nearEnergy / 4 < farEnergy && nearEnergy > farEnergy / 4;
    const ratio = alike
      ? Math.sqrt(nearEnergy / farEnergy)
      : nearEnergy / 4 < farEnergy || farEnergy === 0
        ? 0.5
        : 2;
    const far = alike
      ? history.slice(start - distortionLag, HISTORY_SAMPLES - distortionLag).map((sample) => sample * ratio)
      : near;
    const [onset, slope] = slopeOf(ratio, distortionLag, voicedShare);
    this.#slope = slope;
    const between = (distortionLag + correlationLag) / 2;
    const lags = [
      distortionLag,
      Math.floor(between),
      distortionLag > correlationLag ? Math.floor(between - 0.5) : Math.floor(between + 0.5),
    ];
    return { near, far, lags, longestLag, voicedShare, onset, ...residualOf(history) };
  }
}

/** How fast the invented sound fades: as the sound before it did, at a least speed where it was no voice. */
function slopeOf(ratio: number, lag: number, voicedShare: number): [onset: boolean, slope: number] {
  if (ratio > 1.5) return [true, (1 - 1 / ratio) / lag / (ratio > 1.8 ? 2 : 8)];
  const slope = (1 - ratio) / lag;
  if (voicedShare <= 0.8) return [false, Math.max(UNVOICED_SLOPE, slope)];
  return [false, ratio > 0.98 ? 0 : slope];
}
