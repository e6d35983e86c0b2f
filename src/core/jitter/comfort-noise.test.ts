import { describe, expect, it } from 'vitest';
import { ComfortNoise, rmsOf } from './comfort-noise.ts';

/** Speech of so many frames over a background, with a pause every second. */
function talk(noise: ComfortNoise, frames: number, backgroundRms: number): void {
  for (let frame = 0; frame < frames; frame++) noise.observe(frame % 50 < 40 ? 0.1 : backgroundRms);
}

const made = (noise: ComfortNoise): Float32Array => Float32Array.from({ length: 48_000 }, () => noise.next());

describe('ComfortNoise', () => {
  it.each([0.0001, 0.001, 0.002])('sounds as loud as a background of %d', (backgroundRms) => {
    const noise = new ComfortNoise();
    talk(noise, 500, backgroundRms);
    const rms = rmsOf(made(noise), 0, 48_000);
    expect(rms / backgroundRms).toBeGreaterThan(0.8);
    expect(rms / backgroundRms).toBeLessThan(1.3);
  });

  it('is silent before anything was heard, after digital silence, and behind a voice that never pauses', () => {
    expect(rmsOf(made(new ComfortNoise()), 0, 48_000)).toBe(0);
    const digital = new ComfortNoise();
    talk(digital, 500, 0);
    expect(rmsOf(made(digital), 0, 48_000)).toBeLessThan(0.00005);
    const singing = new ComfortNoise();
    for (let frame = 0; frame < 500; frame++) singing.observe(0.1);
    expect(rmsOf(made(singing), 0, 48_000)).toBe(0);
  });

  it('makes the same noise again', () => {
    const [one, other] = [new ComfortNoise(), new ComfortNoise()];
    for (const noise of [one, other]) talk(noise, 100, 0.001);
    expect(made(one)).toEqual(made(other));
  });
});
