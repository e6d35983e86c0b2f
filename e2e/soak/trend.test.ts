import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/base/rng.ts';
import { MIN_BLOCKS, type Sample, trendOf } from './trend.ts';

/** A line with noise of +-`noise` on it. */
function samples(count: number, perSecond: number, noise: number, seed = 1): Sample[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, (_, i) => ({
    seconds: i,
    value: 100 + perSecond * i + noise * (2 * rng.next() - 1),
  }));
}

describe('a trend', () => {
  it('of a straight line is its slope, without doubt', () => {
    const trend = trendOf(samples(200, 0.5, 0));
    expect(trend?.perSecond).toBeCloseTo(0.5, 9);
    expect(trend?.uncertaintyPerSecond).toBeCloseTo(0, 6);
  });

  it('of growth under noise contains the truth and is certain to grow', () => {
    const trend = trendOf(samples(600, 0.02, 5));
    expect(Math.abs((trend?.perSecond ?? 0) - 0.02)).toBeLessThan(trend?.uncertaintyPerSecond ?? 0);
    expect(trend?.certainPerSecond).toBeGreaterThan(0.015);
  });

  it('of noise alone is no certain growth, save for the 1 in 40 that 95 % leave', () => {
    const alarms = Array.from({ length: 200 }, (_, seed) => trendOf(samples(60, 0, 5, seed))).filter(
      (trend) => (trend?.certainPerSecond ?? 0) > 0,
    );
    expect(alarms.length).toBeLessThan(14);
  });

  it('of a saw tooth is no certain growth', () => {
    const saw = Array.from({ length: 300 }, (_, i) => ({ seconds: i, value: 50 + (i % 25) }));
    expect(trendOf(saw)?.certainPerSecond).toBeLessThan(0.01);
  });

  it('of a fall is no growth', () => {
    expect(trendOf(samples(100, -1, 0))?.certainPerSecond).toBe(0);
  });

  it('needs enough samples, at different times', () => {
    expect(trendOf(samples(MIN_BLOCKS - 1, 1, 0))).toBeNull();
    expect(trendOf(samples(MIN_BLOCKS, 1, 0))).not.toBeNull();
    expect(trendOf(samples(20, 1, 0).map(({ value }) => ({ seconds: 5, value })))).toBeNull();
  });
});
