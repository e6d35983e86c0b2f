import { describe, expect, it } from 'vitest';
import { areaUnderCurve } from './area-under-curve.ts';

describe('area under the curve', () => {
  it('is 1 when every positive is above every negative, 0 the other way round', () => {
    expect(areaUnderCurve([0.6, 0.9], [0.1, 0.5])).toBe(1);
    expect(areaUnderCurve([0.1, 0.5], [0.6, 0.9])).toBe(0);
  });

  it('is one half for scores that say nothing', () => {
    expect(areaUnderCurve([0.5, 0.5, 0.5], [0.5, 0.5])).toBe(0.5);
  });

  it('counts pairs', () => {
    // 0.4 beats 0.3; 0.8 beats 0.3 and 0.7 and ties with nothing: 3 of 4.
    expect(areaUnderCurve([0.4, 0.8], [0.3, 0.7])).toBe(0.75);
    expect(areaUnderCurve([0.4], [0.4, 0.1])).toBe(0.75);
  });
});
