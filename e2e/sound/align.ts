import { complexFrom, nextPowerOfTwo, transform } from './fft.ts';

/** Where a reference lies inside a recording. */
export type Alignment = {
  /** Samples by which the recording lags behind the reference, with fraction; negative when it is ahead. */
  readonly delaySamples: number;
  /** Normalised correlation at that delay: 1 for an exact copy (at any gain), about 0 for unrelated sound. */
  readonly similarity: number;
};

/** Bounds of the search, in samples. */
export type LagRange = { readonly minLag: number; readonly maxLag: number };

function energy(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum;
}

/** Energy of the part of `recording` that the reference covers when it is moved by `lag`. */
function coveredEnergy(recording: Float32Array, referenceLength: number, lag: number): number {
  const from = Math.max(0, lag);
  const to = Math.min(recording.length, lag + referenceLength);
  return from < to ? energy(recording.subarray(from, to)) : 0;
}

/**
 * Delay of a recording behind its reference: the peak of the cross-correlation, computed by FFT, refined by a
 * parabola through the peak and its neighbours (good to about a tenth of a sample for sound below 8 kHz).
 *
 * @param range - lags to search; by default every lag at which the two overlap
 * @returns null when one of the two is silent or the range is empty
 */
export function align(reference: Float32Array, recording: Float32Array, range?: LagRange): Alignment | null {
  const minLag = Math.max(range?.minLag ?? -Infinity, 1 - reference.length);
  const maxLag = Math.min(range?.maxLag ?? Infinity, recording.length - 1);
  const referenceEnergy = energy(reference);
  if (minLag > maxLag || referenceEnergy === 0 || energy(recording) === 0) return null;

  const size = nextPowerOfTwo(reference.length + recording.length);
  const a = complexFrom(reference, size);
  const b = complexFrom(recording, size);
  transform(a, 'forward');
  transform(b, 'forward');
  for (let i = 0; i < size; i += 1) {
    const aRe = a.re[i] ?? 0;
    const aIm = a.im[i] ?? 0;
    const bRe = b.re[i] ?? 0;
    const bIm = b.im[i] ?? 0;
    b.re[i] = aRe * bRe + aIm * bIm;
    b.im[i] = aRe * bIm - aIm * bRe;
  }
  transform(b, 'inverse');

  const at = (lag: number): number => (b.re[((lag % size) + size) % size] ?? 0) / size;
  let best = minLag;
  for (let lag = minLag; lag <= maxLag; lag += 1) if (at(lag) > at(best)) best = lag;
  const [before, peak, after] = [at(best - 1), at(best), at(best + 1)];
  const curvature = before - 2 * peak + after;
  const fraction = curvature < 0 ? Math.max(-0.5, Math.min(0.5, (before - after) / (2 * curvature))) : 0;
  const covered = coveredEnergy(recording, reference.length, best);
  return {
    delaySamples: best + fraction,
    similarity: covered > 0 ? peak / Math.sqrt(referenceEnergy * covered) : 0,
  };
}
