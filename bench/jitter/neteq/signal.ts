/** Input samples per sample of the 4 kHz domain in which periods are searched. */
export const DECIMATION = 12;

/** The weak low-pass NetEQ uses before it takes every twelfth sample. */
const LOW_PASS = [0.2488, 0.0952, 0.1042, 0.1074, 0.1042, 0.0952, 0.2488];

/** Takes samples `first`, `first + 12`, … out of `signal`, each smoothed with the six before it. */
export function decimate(signal: Float32Array, first: number, count: number): Float64Array {
  const out = new Float64Array(count);
  for (let at = 0; at < count; at += 1) {
    let sum = 0;
    for (let tap = 0; tap < LOW_PASS.length; tap += 1) {
      sum += (LOW_PASS[tap] ?? 0) * (signal[first + at * DECIMATION - tap] ?? 0);
    }
    out[at] = sum;
  }
  return out;
}

/** Sum of the products of `a` from `startA` and `b` from `startB` over `length`. */
export function dot(
  a: ArrayLike<number>,
  startA: number,
  b: ArrayLike<number>,
  startB: number,
  length: number,
): number {
  let sum = 0;
  for (let at = 0; at < length; at += 1) sum += (a[startA + at] ?? 0) * (b[startB + at] ?? 0);
  return sum;
}

export interface Peak {
  /** In samples of the full rate. */
  readonly lag: number;
  readonly value: number;
}

/** The highest point of `data` between its neighbours, refined by a parabola. */
export function highestPeak(data: Float64Array, length: number): Peak {
  let at = 0;
  for (let index = 1; index < length; index += 1) {
    if ((data[index] ?? 0) > (data[at] ?? 0)) at = index;
  }
  const value = data[at] ?? 0;
  if (at === 0) return { lag: 0, value };
  const [before, after] = [data[at - 1] ?? 0, data[at + 1] ?? 0];
  if (at === length - 1 && value <= after) {
    return { lag: (2 * at + 1) * (DECIMATION / 2), value: (value + after) / 2 };
  }
  const curve = before - 2 * value + after;
  const offset = curve === 0 ? 0 : Math.max(-0.5, Math.min(0.5, (before - after) / (2 * curve)));
  return { lag: Math.round((at + offset) * DECIMATION), value: value - ((before - after) * offset) / 4 };
}

/** The `count` highest peaks, each found after the ones before were cut out with two points on either side. */
export function highestPeaks(data: Float64Array, count: number): Peak[] {
  const left = data.slice();
  return Array.from({ length: count }, () => {
    const length = left.length - 1;
    const peak = highestPeak(left, length);
    const at = Math.round(peak.lag / DECIMATION);
    left.fill(0, Math.max(0, at - 2), Math.min(left.length, at + 3));
    return peak;
  });
}

/** Linear prediction by Levinson and Durbin. @returns the filter (first 1), and the share of the energy left over */
export function linearPrediction(autocorrelation: Float64Array): { filter: Float64Array; residual: number } {
  const order = autocorrelation.length - 1;
  const filter = new Float64Array(order + 1);
  filter[0] = 1;
  const energy = autocorrelation[0] ?? 0;
  let error = energy;
  for (let at = 1; at <= order && error > 0; at += 1) {
    let sum = autocorrelation[at] ?? 0;
    for (let tap = 1; tap < at; tap += 1) sum += (filter[tap] ?? 0) * (autocorrelation[at - tap] ?? 0);
    const reflection = -sum / error;
    const old = filter.slice();
    for (let tap = 1; tap < at; tap += 1) {
      filter[tap] = (old[tap] ?? 0) + reflection * (old[at - tap] ?? 0);
    }
    filter[at] = reflection;
    error *= 1 - reflection * reflection;
  }
  return { filter, residual: energy > 0 ? error / energy : 1 };
}
