import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/base/rng.ts';
import { complexFrom, nextPowerOfTwo, transform } from './fft.ts';
import { noise } from './signals.ts';

describe('the transform', () => {
  it('equals the definition of the discrete Fourier transform', () => {
    const samples = noise(16, 1, createRng(1));
    const signal = complexFrom(samples, 16);
    transform(signal, 'forward');
    for (let bin = 0; bin < 16; bin += 1) {
      let re = 0;
      let im = 0;
      samples.forEach((value, n) => {
        re += value * Math.cos((2 * Math.PI * bin * n) / 16);
        im -= value * Math.sin((2 * Math.PI * bin * n) / 16);
      });
      expect(signal.re[bin]).toBeCloseTo(re, 10);
      expect(signal.im[bin]).toBeCloseTo(im, 10);
    }
  });

  it('comes back scaled by the length', () => {
    const samples = noise(1024, 1, createRng(2));
    const signal = complexFrom(samples, 1024);
    transform(signal, 'forward');
    transform(signal, 'inverse');
    samples.forEach((value, n) => {
      expect((signal.re[n] ?? 0) / 1024).toBeCloseTo(value, 10);
    });
  });

  it('takes powers of two only', () => {
    expect(nextPowerOfTwo(1)).toBe(1);
    expect(nextPowerOfTwo(1025)).toBe(2048);
    expect(() => transform(complexFrom([1, 2, 3], 3), 'forward')).toThrow(RangeError);
  });
});
