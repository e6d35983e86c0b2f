import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import { LIMITER_CEILING, Limiter } from './limiter.ts';
import { BLOCK_SAMPLES } from './processing-stage.ts';

function run(limiter: Limiter, sound: Float32Array): Float32Array {
  const out = sound.slice();
  for (let start = 0; start < out.length; start += BLOCK_SAMPLES)
    limiter.process(out.subarray(start, start + BLOCK_SAMPLES));
  return out;
}

function tone(amplitude: number, blocks: number): Float32Array {
  return Float32Array.from(
    { length: blocks * BLOCK_SAMPLES },
    (_, index) => amplitude * Math.sin((2 * Math.PI * 220 * index) / 48_000),
  );
}

describe('the limiter', () => {
  it.each([1, 2, 3, 4])('never lets anything above its ceiling, seed %i', (seed) => {
    const rng = createRng(seed);
    const sound = Float32Array.from({ length: 200 * BLOCK_SAMPLES }, () => {
      const size = rng.next() < 0.01 ? 100 : 2;
      return size * (2 * rng.next() - 1);
    });
    const out = run(new Limiter(), sound);
    expect(out.every((sample) => Math.abs(sample) <= LIMITER_CEILING)).toBe(true);
    expect(out.some((sample) => Math.abs(sample) === LIMITER_CEILING)).toBe(true);
  });

  it('leaves sound below the ceiling as it is', () => {
    const sound = tone(0.88, 20);
    expect(run(new Limiter(), sound)).toEqual(sound);
  });

  it('makes a loud tone quieter instead of clipping it: its shape stays', () => {
    const out = run(new Limiter(), tone(3, 100));
    const periods = out.subarray(50 * BLOCK_SAMPLES);
    // A clipped tone of that loudness would be nearly square, its mean square near the ceiling's.
    const power = periods.reduce((sum, sample) => sum + sample * sample, 0) / periods.length;
    expect(power / LIMITER_CEILING ** 2).toBeGreaterThan(0.45);
    expect(power / LIMITER_CEILING ** 2).toBeLessThan(0.55);
  });

  it('makes no step, neither when a burst begins nor when it is over', () => {
    const sound = tone(0.3, 200);
    for (let index = 0; index < sound.length; index += 1) {
      const burst = index > 20_000 && index < 40_000;
      const edge = Math.min(1, Math.max(0, Math.min(index - 20_000, 40_000 - index) / 2_000));
      sound[index] = (sound[index] ?? 0) * (burst ? 1 + 9 * edge : 1);
    }
    const out = run(new Limiter(), sound);
    let largest = 0;
    for (let index = 1; index < out.length; index += 1)
      largest = Math.max(largest, Math.abs((out[index] ?? 0) - (out[index - 1] ?? 0)));
    // The steepest slope of a whole tone at ceiling, times what flattening the first peaks adds.
    expect(largest).toBeLessThan(2 * LIMITER_CEILING * 2 * Math.sin((Math.PI * 220) / 48_000));
  });

  it('comes back to full gain', () => {
    const limiter = new Limiter();
    run(limiter, tone(5, 10));
    const sound = tone(0.5, 200);
    const out = run(limiter, sound);
    expect(out[out.length - 100]).toBeCloseTo(sound[out.length - 100] ?? 0, 4);
  });
});
