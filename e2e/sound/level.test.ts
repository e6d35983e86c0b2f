import { describe, expect, it } from 'vitest';
import { loudestWindowDbfs, peakDbfs, rmsDbfs, SILENCE_DBFS } from './level.ts';
import { tone } from './signals.ts';

describe('levels', () => {
  it('of known sounds', () => {
    expect(rmsDbfs(tone(1_000, 1, 48_000, 1))).toBeCloseTo(-3.01, 2);
    expect(rmsDbfs(tone(1_000, 1, 48_000, 0.1))).toBeCloseTo(-23.01, 2);
    expect(peakDbfs(Float32Array.of(0, -0.5, 0.25))).toBeCloseTo(-6.02, 2);
  });

  it('of nothing are finite', () => {
    expect(rmsDbfs(new Float32Array(100))).toBe(SILENCE_DBFS);
    expect(rmsDbfs(new Float32Array(0))).toBe(SILENCE_DBFS);
    expect(peakDbfs(new Float32Array(0))).toBe(SILENCE_DBFS);
  });

  it.each([0, 70_000, 143_040])('find a blip of 20 ms in three silent seconds, at sample %i', (at) => {
    const sound = new Float32Array(144_000);
    sound.set(tone(1_000, 0.02, 48_000, 0.1), at);
    expect(rmsDbfs(sound)).toBeLessThan(-44);
    expect(loudestWindowDbfs(sound, 960)).toBeGreaterThan(-26.1);
  });
});
