import { align } from '../../e2e/sound/align.ts';
import { resample } from '../../e2e/sound/resample.ts';
import { intelligibility } from '../../e2e/sound/stoi.ts';
import { type CallOutcome, simulateCall } from './call.ts';
import { type Condition, lossesOf } from './conditions.ts';
import { type Item, joined, RATE_HZ } from './material.ts';
import type { Plcmos } from './plcmos.ts';
import type { Scheme } from './schemes.ts';

/** Between two items: long enough that none bleeds into the next, and still one talkspurt. */
const PAUSE_SAMPLES = 0.5 * RATE_HZ;

/** Spoken before what counts: reports come every two seconds, and a call lasts longer than this bench. */
const WARM_UP_SAMPLES = 10 * RATE_HZ;

/** Sought behind the place of an item: further away nothing is played. */
const MAX_LAG_MS = 600;
const MAX_LAG_SAMPLES = (MAX_LAG_MS * RATE_HZ) / 1_000;

/** Everything is scored at this rate: that of PLCMOS, and more than ESTOI needs. */
const SCORED_RATE_HZ = 16_000;

/** Mean of everything measured under one condition. */
export interface Score {
  readonly plcmos: number | null;
  readonly estoi: number;
  readonly kbits: number;
  readonly bufferDelayMs: number;
  readonly concealedPercent: number;
  readonly recoveredPercent: number;
  /** Of items and seeds. */
  readonly count: number;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

interface ItemScore {
  readonly plcmos: number | null;
  readonly estoi: number;
}

/** @param start of the item in `heard`, had it taken no time; both at SCORED_RATE_HZ */
async function scoreItem(
  clean: Float32Array,
  start: number,
  heard: Float32Array,
  plcmos: Plcmos | null,
): Promise<ItemScore> {
  const maxLag = (MAX_LAG_MS * SCORED_RATE_HZ) / 1_000;
  const alignment = align(clean, heard.subarray(start, start + clean.length + maxLag), { minLag: 0, maxLag });
  const from = start + Math.round(alignment?.delaySamples ?? 0);
  const degraded = heard.slice(from, from + clean.length);
  return {
    plcmos: plcmos === null ? null : await plcmos(degraded, SCORED_RATE_HZ),
    estoi: intelligibility(clean, degraded, SCORED_RATE_HZ)?.estoi ?? Number.NaN,
  };
}

/** One scheme under one condition: all items, one call for each seed. */
export async function measure(
  items: readonly Item[],
  scheme: Scheme,
  condition: Condition,
  seeds: readonly number[],
  plcmos: Plcmos | null,
): Promise<Score> {
  const sounds = items.map(({ samples }) => samples);
  const warmUp = joined(sounds, PAUSE_SAMPLES).slice(0, WARM_UP_SAMPLES);
  const speech = joined([warmUp, ...sounds, new Float32Array(MAX_LAG_SAMPLES)], PAUSE_SAMPLES);
  const calls: CallOutcome[] = [];
  const scores: ItemScore[] = [];
  for (const seed of seeds) {
    const call = simulateCall(speech, scheme, lossesOf(condition, seed));
    calls.push(call);
    const heard = resample(call.heard, RATE_HZ, SCORED_RATE_HZ);
    let start = warmUp.length + PAUSE_SAMPLES;
    for (const { samples } of items) {
      const clean = resample(samples, RATE_HZ, SCORED_RATE_HZ);
      scores.push(await scoreItem(clean, Math.round((start * SCORED_RATE_HZ) / RATE_HZ), heard, plcmos));
      start += samples.length + PAUSE_SAMPLES;
    }
  }
  return {
    plcmos: plcmos === null ? null : mean(scores.map((score) => score.plcmos ?? Number.NaN)),
    estoi: mean(scores.map(({ estoi }) => estoi)),
    kbits: mean(calls.map(({ kbits }) => kbits)),
    bufferDelayMs: mean(calls.map(({ bufferDelayMs }) => bufferDelayMs)),
    concealedPercent: mean(calls.map(({ concealedPercent }) => concealedPercent)),
    recoveredPercent: mean(calls.map(({ recoveredPercent }) => recoveredPercent)),
    count: scores.length,
  };
}
