import { align } from './align.ts';

/** Delay is looked for on the sound at a twelfth of its rate: 4 kHz at 48 kHz, where a voice has its strength. */
const DECIMATION = 12;

/** Delay is taken anew this often, in samples at full rate: a quarter of a second. */
const STEP_SAMPLES = 12_000;

/** Sound that one delay is taken from, in samples at full rate: half a second, two syllables. */
const WINDOW_SAMPLES = 24_000;

/**
 * How far the delay may have moved from one step to the next, in samples at full rate: 40 ms as it is stretched, more
 * where something broke. The further away, the more alike the two sounds must be to be believed: much is alike by
 * chance. Where they are not, the delay before holds.
 */
const SEARCHES = [
  { range: 1_800, leastSimilarity: 0.5 },
  { range: 4_800, leastSimilarity: 0.8 },
  { range: 19_200, leastSimilarity: 0.9 },
] as const;

/** A single place is looked for this far away, in samples at full rate: 150 ms. */
const PLACE_RANGE_SAMPLES = 7_200;

/** Windows softer than this power (-50 dBFS) say nothing either: a few ms of sound are like many others. */
const LEAST_POWER = 1e-5;

/** Mean of each run of DECIMATION samples: a crude low-pass, which both sounds go through alike. */
function decimate(samples: Float32Array, start: number, count: number): Float32Array {
  const low = new Float32Array(Math.floor(count / DECIMATION));
  for (let at = 0; at < low.length; at += 1) {
    let sum = 0;
    for (let of = 0; of < DECIMATION; of += 1) sum += samples[start + at * DECIMATION + of] ?? 0;
    low[at] = sum / DECIMATION;
  }
  return low;
}

function meanPower(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum / Math.max(1, samples.length);
}

/** How far a recording lags behind its reference as it goes on: at any sample, good to a few ms. */
export class DelayTrack {
  readonly #delays: number[] = [];

  /** @param delaySamples of the recording behind the reference at the beginning, good to 100 ms */
  constructor(recording: Float32Array, reference: Float32Array, delaySamples: number) {
    let delay = delaySamples;
    for (let start = 0; start < recording.length; start += STEP_SAMPLES) {
      delay += correctionAt(recording, reference, start, delay);
      this.#delays.push(delay);
    }
  }

  /** Delay at a sample of the recording, in samples. */
  at(sample: number): number {
    const step = Math.round((sample - WINDOW_SAMPLES / 2) / STEP_SAMPLES);
    return this.#delays[Math.max(0, Math.min(this.#delays.length - 1, step))] ?? 0;
  }
}

/** How much the delay differs from `delay` around `start` of the recording; 0 where nothing can be said. */
function correctionAt(
  recording: Float32Array,
  reference: Float32Array,
  start: number,
  delay: number,
): number {
  const count = Math.min(WINDOW_SAMPLES, recording.length - start);
  const heard = decimate(recording, start, count);
  if (meanPower(heard) < LEAST_POWER) return 0;
  for (const { range, leastSimilarity } of SEARCHES) {
    const said = decimate(reference, Math.round(start - delay) - range, count + 2 * range);
    const found = align(heard, said, { minLag: 0, maxLag: (2 * range) / DECIMATION });
    if (found !== null && found.similarity >= leastSimilarity) return range - found.delaySamples * DECIMATION;
  }
  return 0;
}

/**
 * The sample of the reference around which it is most like the recording around `place`: what a track says, corrected
 * where it was mistaken.
 *
 * @param said where the track has it
 * @param around samples compared on both sides
 */
export function mostAlike(
  recording: Float32Array,
  place: number,
  reference: Float32Array,
  said: number,
  around: number,
): number {
  const start = Math.max(0, place - around);
  const piece = recording.slice(start, place + around);
  const from = Math.max(0, said - (place - start) - PLACE_RANGE_SAMPLES);
  const near = reference.slice(from, Math.max(from, said + around + PLACE_RANGE_SAMPLES));
  const found = align(piece, near, { minLag: 0, maxLag: 2 * PLACE_RANGE_SAMPLES });
  return found === null ? said : Math.round(from + found.delaySamples + place - start);
}
