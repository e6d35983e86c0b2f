import { describe, expect, it } from 'vitest';
import { spreadOf, trendOf } from './statistics.ts';

describe('spreadOf', () => {
  it('takes the middle, whatever the order', () => {
    expect(spreadOf([9, 1, 5])).toEqual({ median: 5, least: 1, most: 9 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, least: 1, most: 4 });
    expect(spreadOf([7])).toEqual({ median: 7, least: 7, most: 7 });
  });

  it('has nothing to say of nothing', () => {
    expect(() => spreadOf([])).toThrow();
  });
});

describe('trendOf', () => {
  it('is certain of a straight line', () => {
    const trend = trendOf([
      [1, 12],
      [2, 14],
      [4, 18],
    ]);
    expect(trend.slope).toBeCloseTo(2);
    expect(trend.uncertainty).toBeCloseTo(0);
  });

  it('gives the interval of the textbook', () => {
    // Residuals -0.2, 0.5, -0.4 , 0.1 about 1.1 x + 1.3: s = 0.4796, over sqrt(5), times t(2) = 4.303.
    const trend = trendOf([
      [1, 2.2],
      [2, 4],
      [3, 4.2],
      [4, 5.8],
    ]);
    expect(trend.slope).toBeCloseTo(1.1);
    expect(trend.uncertainty).toBeCloseTo((Math.sqrt(0.46 / 2) / Math.sqrt(5)) * 4.303, 6);
  });

  it('says nothing of two points', () => {
    expect(() =>
      trendOf([
        [1, 1],
        [2, 2],
      ]),
    ).toThrow();
  });
});
