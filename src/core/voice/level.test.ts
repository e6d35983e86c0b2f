import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { levelDb, SILENCE_DB, softLimit } from './level.ts';

describe('levelDb', () => {
  it('is 0 dBFS for a full-scale square wave and -3.01 for a full-scale sine', () => {
    const square = Float32Array.from({ length: 480 }, (_, index) => (index % 2 === 0 ? 1 : -1));
    const sine = Float32Array.from({ length: 480 }, (_, index) => Math.sin((2 * Math.PI * index) / 48));
    expect(levelDb(square, 480)).toBeCloseTo(0, 5);
    expect(levelDb(sine, 480)).toBeCloseTo(-3.01, 2);
  });

  it('is SILENCE_DB for silence and never below', () => {
    expect(levelDb(new Float32Array(480), 480)).toBe(SILENCE_DB);
    expect(levelDb(new Float32Array(480).fill(1e-9), 480)).toBe(SILENCE_DB);
  });
});

describe('softLimit', () => {
  it('leaves what is below the knee exactly as it is', () => {
    const samples = Float32Array.of(0, 0.5, -0.79, 0.8);
    const before = samples.slice();
    softLimit(samples, samples.length);
    expect(samples).toEqual(before);
  });

  it('never passes full scale, keeps the sign and the order', () => {
    fc.assert(
      fc.property(
        fc.float({ min: -64, max: 64, noNaN: true }),
        fc.float({ min: 0, max: 1, noNaN: true }),
        (a, d) => {
          const pair = Float32Array.of(a, a + d);
          softLimit(pair, 2);
          const [low = 0, high = 0] = pair;
          expect(Math.abs(low)).toBeLessThanOrEqual(1);
          expect(Math.abs(high)).toBeLessThanOrEqual(1);
          expect(low * a).toBeGreaterThanOrEqual(0);
          expect(high).toBeGreaterThanOrEqual(low);
        },
      ),
    );
  });
});
