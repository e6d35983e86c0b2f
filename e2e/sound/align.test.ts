import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/base/rng.ts';
import { align } from './align.ts';
import { resample } from './resample.ts';
import { babble, noise } from './signals.ts';

function delayed(sound: Float32Array, samples: number, total: number): Float32Array {
  const moved = new Float32Array(total);
  moved.set(sound.subarray(Math.max(0, -samples), Math.max(0, -samples) + total), Math.max(0, samples));
  return moved;
}

describe('alignment', () => {
  it.each([0, 1, 480, 4_801, -37])('finds a delay of %i samples', (delay) => {
    const sound = babble(1, 48_000, createRng(3));
    const found = align(sound, delayed(sound, delay, sound.length + 6_000));
    expect(found?.delaySamples).toBeCloseTo(delay, 1);
    expect(found?.similarity).toBeGreaterThan(0.99);
  });

  it('finds a delay under noise of the same power, and says how alike the two are', () => {
    const sound = noise(24_000, 0.3, createRng(4));
    const recording = delayed(sound, 3_333, 48_000);
    const disturbance = noise(48_000, 0.3, createRng(5));
    recording.forEach((value, i) => {
      recording[i] = value + (disturbance[i] ?? 0);
    });
    const found = align(sound, recording);
    expect(found?.delaySamples).toBeCloseTo(3_333, 0);
    expect(found?.similarity).toBeGreaterThan(0.65);
    expect(found?.similarity).toBeLessThan(0.76);
  });

  it('resolves fractions of a sample', () => {
    // 1 sample at 480 kHz is a tenth of one at 48 kHz.
    const fine = resample(babble(0.2, 48_000, createRng(6)), 48_000, 480_000);
    const every10th = (offset: number): Float32Array =>
      Float32Array.from({ length: 8_000 }, (_, i) => fine[(i + 500) * 10 - offset] ?? 0);
    expect(align(every10th(0), every10th(1203))?.delaySamples).toBeCloseTo(120.3, 0);
    expect(Math.abs((align(every10th(0), every10th(1203))?.delaySamples ?? 0) - 120.3)).toBeLessThan(0.1);
  });

  it('keeps to the range it is given', () => {
    const sound = noise(4_800, 0.3, createRng(7));
    const recording = new Float32Array(24_000);
    recording.set(sound, 15_000);
    recording.set(
      sound.map((value) => value * 0.5),
      2_000,
    );
    expect(align(sound, recording)?.delaySamples).toBeCloseTo(15_000, 1);
    expect(align(sound, recording, { minLag: 0, maxLag: 9_600 })?.delaySamples).toBeCloseTo(2_000, 1);
  });

  it('finds nothing in silence, and little in something else', () => {
    const sound = noise(4_800, 0.3, createRng(8));
    expect(align(sound, new Float32Array(9_600))).toBeNull();
    expect(align(new Float32Array(0), sound)).toBeNull();
    expect(align(sound, noise(9_600, 0.3, createRng(9)))?.similarity).toBeLessThan(0.1);
  });
});
