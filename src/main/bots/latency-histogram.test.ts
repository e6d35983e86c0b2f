import { describe, expect, it } from 'vitest';
import { createRng } from '../../core/base/rng.ts';
import { LatencyHistogram } from './latency-histogram.ts';

describe('LatencyHistogram', () => {
  it('tells percentiles within 5 % of the true ones, from microseconds to seconds', () => {
    const rng = createRng(7);
    for (const scaleMs of [0.05, 1, 30, 2_000]) {
      const histogram = new LatencyHistogram();
      const values = Array.from({ length: 20_000 }, () => scaleMs * (0.5 + rng.next() ** 4 * 20));
      for (const value of values) histogram.add(value);
      values.sort((a, b) => a - b);
      const exact = (share: number): number => values[Math.ceil(share * values.length) - 1] ?? Number.NaN;
      const told = histogram.percentiles();
      for (const [got, want] of [
        [told.p50, exact(0.5)],
        [told.p95, exact(0.95)],
        [told.p99, exact(0.99)],
      ] as const)
        expect(Math.abs(got - want) / want).toBeLessThan(0.05);
      expect(told.max).toBe(values.at(-1));
    }
  });

  it('takes what lies beyond both of its ends', () => {
    const histogram = new LatencyHistogram();
    histogram.add(-1);
    histogram.add(0);
    expect(histogram.percentiles()).toEqual({ p50: 0, p95: 0, p99: 0, max: 0 });
    histogram.clear();
    histogram.add(1e9);
    expect(histogram.count).toBe(1);
    expect(histogram.percentiles().max).toBe(1e9);
    expect(histogram.percentiles().p50).toBeGreaterThan(40_000);
  });

  it('is empty at first and when it is cleared', () => {
    const histogram = new LatencyHistogram();
    const nothing = { p50: 0, p95: 0, p99: 0, max: 0 };
    expect(histogram.percentiles()).toEqual(nothing);
    histogram.add(12);
    expect(histogram.percentiles().p99).toBe(12);
    histogram.clear();
    expect(histogram.percentiles()).toEqual(nothing);
    expect(histogram.count).toBe(0);
  });
});
