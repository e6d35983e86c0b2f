import type { DelayTrack } from './delay-track.ts';
import type { Glitch } from './glitch.ts';
import { type Crest, largestCrestAround, SLACK_SAMPLES } from './glitch-clicks.ts';

/** A repeated piece is looked for in blocks of this length, in samples: 8 ms. */
const BLOCK_SAMPLES = 384;

/** Blocks begin this often, in samples: 2 ms. */
const HOP_SAMPLES = 96;

/** Lags looked at, in samples: from 8 ms, below which a block overlaps itself, to 62 ms, a long frame. */
const MIN_LAG = 384;
const MAX_LAG = 2_976;

/** Every this many samples are looked at first: 4 kHz is enough to rule nearly all lags out. */
const COARSE = 12;

/** Difference to the piece before, as a ratio of power: -45 dB is the same piece, played again. Voices reach -30 dB. */
const SAME_RATIO = 3e-5;

/** At COARSE, where the lag is off by up to half a step. */
const COARSE_RATIO = 0.05;

/** Where it begins again the prediction error stands out this far at least, and this much further than the reference's. */
const LEAST_CREST = 4;
const LEAST_EXCESS = 1.3;

/** The break is at most this far before the first block found, in samples: two hops, and what belongs to a break. */
const SEAM_SAMPLES = 240;

/** Blocks softer than this power (-44 dBFS) are mostly rounding, which is alike by chance. */
const LEAST_POWER = 4e-5;

/** Power of the difference between a block and what was `lag` before, over the power of the block. */
function differenceRatio(samples: Float32Array, start: number, lag: number, step: number): number {
  let difference = 0;
  let power = 0;
  for (let at = start; at < start + BLOCK_SAMPLES; at += step) {
    const here = samples[at] ?? 0;
    difference += (here - (samples[at - lag] ?? 0)) ** 2;
    power += here * here;
  }
  return power === 0 ? 1 : difference / power;
}

function blockPower(samples: Float32Array, start: number): number {
  let power = 0;
  for (let at = start; at < start + BLOCK_SAMPLES; at += COARSE) power += (samples[at] ?? 0) ** 2;
  return (power * COARSE) / BLOCK_SAMPLES;
}

/** The lag at which the block was played before, sample by sample; null: none. */
function repeatedLag(samples: Float32Array, start: number): number | null {
  for (let lag = MIN_LAG; lag <= MAX_LAG; lag += COARSE / 2) {
    if (differenceRatio(samples, start, lag, COARSE) > COARSE_RATIO) continue;
    for (let near = lag - COARSE / 2; near <= lag + COARSE / 2; near += 1)
      if (differenceRatio(samples, start, near, 1) < SAME_RATIO) return near;
  }
  return null;
}

/**
 * Pieces of 8 ms and more that are heard again, sample by sample, 8 to 62 ms later, with a break where they begin again.
 *
 * Without a break it is what time-stretching does: it repeats whole periods of a voice, which is not heard.
 */
export function findRepeats(
  recording: Float32Array,
  crest: Crest,
  reference: Float32Array,
  track: DelayTrack,
): Glitch[] {
  const repeats: Glitch[] = [];
  for (let start = MAX_LAG; start + BLOCK_SAMPLES <= recording.length; start += HOP_SAMPLES) {
    if (blockPower(recording, start) < LEAST_POWER) continue;
    const lag = repeatedLag(recording, start);
    if (lag === null) continue;
    const atSeam = crest.largest(start - SEAM_SAMPLES, start + COARSE);
    const place = Math.round(start - track.at(start));
    if (atSeam >= LEAST_CREST && atSeam >= LEAST_EXCESS * largestCrestAround(reference, place, SLACK_SAMPLES))
      repeats.push({ kind: 'repeat', atSample: start, strength: lag / 48 });
    start += MAX_LAG;
  }
  return repeats;
}
