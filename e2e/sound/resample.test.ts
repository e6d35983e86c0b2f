import { describe, expect, it } from 'vitest';
import { rmsDbfs } from './level.ts';
import { resample } from './resample.ts';
import { tone } from './signals.ts';

/** Difference of two signals away from their ends, where the filter has no neighbours. */
function errorDb(a: Float32Array, b: Float32Array, margin: number): number {
  return rmsDbfs(a.map((value, i) => value - (b[i] ?? 0)).subarray(margin, a.length - margin));
}

describe('the resampler', () => {
  it.each([
    [48_000, 10_000, 1_000],
    [48_000, 10_000, 4_300],
    [22_050, 48_000, 1_000],
    [16_000, 10_000, 3_000],
  ])('keeps tones below the cut-off in place and size: %i to %i Hz, %i Hz', (fromHz, toHz, frequencyHz) => {
    const output = resample(tone(frequencyHz, 0.5, fromHz, 0.5), fromHz, toHz);
    expect(output.length).toBe(toHz / 2);
    expect(errorDb(output, tone(frequencyHz, 0.5, toHz, 0.5), 600)).toBeLessThan(-75);
  });

  it.each([5_300, 7_000, 15_000])('lets no alias of %i Hz through to 10 kHz', (frequencyHz) => {
    const output = resample(tone(frequencyHz, 0.5, 48_000, 1), 48_000, 10_000);
    expect(rmsDbfs(output.subarray(300, -300))).toBeLessThan(-75);
  });

  it('does not change sound that already has the rate', () => {
    const sound = tone(440, 0.1, 48_000, 0.5);
    expect(resample(sound, 48_000, 48_000)).toEqual(sound);
  });
});
