import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import { JITTER_DISTRIBUTIONS, type JitterDistribution } from './chaos-settings.ts';
import { jitterDelayMs } from './jitter-delay.ts';

const DRAWS = 200_000;

function draw(distribution: JitterDistribution): number[] {
  const rng = createRng(1);
  return Array.from({ length: DRAWS }, () => jitterDelayMs(distribution, 10, rng.next(), rng.next()));
}

function momentsOf(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(square) };
}

describe('jitterDelayMs', () => {
  it.each(JITTER_DISTRIBUTIONS)('adds the mean that is asked for: %s', (distribution) => {
    const { mean } = momentsOf(draw(distribution));
    expect(mean).toBeGreaterThan(9.4);
    expect(mean).toBeLessThan(10.1);
  });

  it('is as wide as each distribution says', () => {
    expect(momentsOf(draw('uniform')).deviation).toBeCloseTo(10 / Math.sqrt(3), 0);
    expect(momentsOf(draw('normal')).deviation).toBeCloseTo(5, 0);
    expect(momentsOf(draw('pareto')).deviation).toBeGreaterThan(11);
  });

  it('is bounded below by 0, and above by what a Pareto delay is cut at', () => {
    for (const distribution of JITTER_DISTRIBUTIONS)
      expect(Math.min(...spread(distribution))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...spread('uniform'))).toBeLessThan(20);
    expect(Math.max(...spread('pareto'))).toBe(70);
  });

  it('takes the ends of the chance', () => {
    for (const distribution of JITTER_DISTRIBUTIONS) {
      for (const chance of [0, 1 - 2 ** -32])
        expect(Number.isFinite(jitterDelayMs(distribution, 10, chance, chance))).toBe(true);
    }
  });
});

function spread(distribution: JitterDistribution): number[] {
  return draw(distribution).slice(0, 50_000);
}
