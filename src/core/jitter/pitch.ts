import { TIMESTAMP_HZ } from '../wire/datagram.ts';

/** Pitch periods of voices, in samples: 2.5 ms (400 Hz) to 15 ms (67 Hz). */
export const MIN_PERIOD_SAMPLES = (2.5 * TIMESTAMP_HZ) / 1000;
export const MAX_PERIOD_SAMPLES = (15 * TIMESTAMP_HZ) / 1000;

/** The search runs at 12 kHz first: a sixteenth of the work, and pitch is far below. */
const DECIMATION = 4;

/** What `findPeriod` fills. */
export interface PeriodMatch {
  /** Distance of the piece that is most alike, in samples. */
  lag: number;
  /** Normalised cross-correlation there, -1 to 1; 0 for silence. */
  likeness: number;
}

const decimated = new Float32Array((4 * MAX_PERIOD_SAMPLES) / DECIMATION);

/**
 * Finds the piece of sound most like the one at `at`, `lag` samples later (or earlier, `direction` -1), by normalised
 * cross-correlation (WSOLA: Verhelst and Roelands 1993).
 *
 * @param windowSamples how much is compared, MAX_PERIOD_SAMPLES at the most; `samples` holds everything touched
 */
export function findPeriod(
  samples: Float32Array,
  at: number,
  direction: 1 | -1,
  minLag: number,
  maxLag: number,
  windowSamples: number,
  out: PeriodMatch,
): void {
  const from = direction === 1 ? at : at - maxLag;
  const count = Math.floor((maxLag + windowSamples) / DECIMATION);
  for (let index = 0; index < count; index++) {
    const base = from + index * DECIMATION;
    decimated[index] =
      (samples[base] ?? 0) + (samples[base + 1] ?? 0) + (samples[base + 2] ?? 0) + (samples[base + 3] ?? 0);
  }
  const window = Math.floor(windowSamples / DECIMATION);
  const pivot = direction === 1 ? 0 : Math.floor(maxLag / DECIMATION);
  const most = Math.min(Math.floor(maxLag / DECIMATION), direction === 1 ? count - window : pivot);
  out.lag = minLag;
  out.likeness = Number.NEGATIVE_INFINITY;
  for (let lag = Math.ceil(minLag / DECIMATION); lag <= most; lag++) {
    const likeness = correlate(decimated, pivot, decimated, pivot + direction * lag, window);
    if (likeness <= out.likeness) continue;
    out.likeness = likeness;
    out.lag = lag * DECIMATION;
  }
  refine(samples, at, direction, minLag, maxLag, windowSamples, out);
}

/** The best lag lies within a step of the coarse one. */
function refine(
  samples: Float32Array,
  at: number,
  direction: 1 | -1,
  minLag: number,
  maxLag: number,
  windowSamples: number,
  out: PeriodMatch,
): void {
  const first = Math.max(minLag, out.lag - DECIMATION + 1);
  const last = Math.min(maxLag, out.lag + DECIMATION - 1);
  out.likeness = Number.NEGATIVE_INFINITY;
  for (let lag = first; lag <= last; lag++) {
    const likeness = correlate(samples, at, samples, at + direction * lag, windowSamples);
    if (likeness <= out.likeness) continue;
    out.likeness = likeness;
    out.lag = lag;
  }
}

/** Normalised cross-correlation of `count` samples of `a` from `atA` on and of `b` from `atB`; 0 when one is silent. */
export function correlate(a: Float32Array, atA: number, b: Float32Array, atB: number, count: number): number {
  let cross = 0;
  let energyA = 0;
  let energyB = 0;
  for (let index = 0; index < count; index++) {
    const left = a[atA + index] ?? 0;
    const right = b[atB + index] ?? 0;
    cross += left * right;
    energyA += left * left;
    energyB += right * right;
  }
  const energy = energyA * energyB;
  return energy > 0 ? cross / Math.sqrt(energy) : 0;
}
