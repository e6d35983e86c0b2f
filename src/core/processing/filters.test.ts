import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import { Biquad } from './biquad.ts';
import { HighBand } from './high-band.ts';
import { HighPass } from './high-pass.ts';
import { BLOCK_SAMPLES } from './processing-stage.ts';
import { meanPower, powerDb } from './stage-meter.ts';

/** How much louder a steady tone is behind a filter, in dB. */
function gainDb(filter: { process(block: Float32Array): void }, frequencyHz: number): number {
  const block = new Float32Array(BLOCK_SAMPLES);
  let position = 0;
  let [before, after] = [0, 0];
  for (let count = 0; count < 100; count += 1) {
    for (let index = 0; index < BLOCK_SAMPLES; index += 1, position += 1)
      block[index] = 0.5 * Math.sin((2 * Math.PI * frequencyHz * position) / 48_000);
    const inPower = meanPower(block);
    filter.process(block);
    // The filter has settled after half a second.
    if (count < 50) continue;
    before += inPower;
    after += meanPower(block);
  }
  return 10 * Math.log10(after / before);
}

describe('the high-pass', () => {
  it('takes out rumble and mains hum, and leaves voices', () => {
    expect(gainDb(new HighPass(), 20)).toBeLessThan(-23);
    expect(gainDb(new HighPass(), 50)).toBeLessThan(-8);
    expect(gainDb(new HighPass(), 80)).toBeCloseTo(-3, 1);
    expect(gainDb(new HighPass(), 160)).toBeGreaterThan(-0.3);
    expect(Math.abs(gainDb(new HighPass(), 1_000))).toBeLessThan(0.01);
    expect(Math.abs(gainDb(new HighPass(), 15_000))).toBeLessThan(0.01);
  });

  it('forgets', () => {
    const filter = new HighPass();
    filter.process(new Float32Array(BLOCK_SAMPLES).fill(1));
    filter.reset();
    const silence = new Float32Array(BLOCK_SAMPLES);
    filter.process(silence);
    expect(silence.every((sample) => sample === 0)).toBe(true);
  });
});

describe('a filter of second order', () => {
  it('falls by 12 dB per octave on its side', () => {
    const octave = (passes: 'low' | 'high', cutoffHz: number, nearHz: number, farHz: number): number =>
      gainDb(new Biquad(passes, cutoffHz), farHz) - gainDb(new Biquad(passes, cutoffHz), nearHz);
    expect(octave('low', 500, 2_000, 4_000)).toBeCloseTo(-12, 0);
    expect(octave('high', 4_000, 1_000, 500)).toBeCloseTo(-12, 0);
    expect(gainDb(new Biquad('low', 1_000), 1_000)).toBeCloseTo(-3, 1);
  });
});

describe('the high band', () => {
  function restored(cleanGain: number): { highDb: number; block: Float32Array } {
    const rng = createRng(5);
    const highBand = new HighBand();
    const low = [new Biquad('low', 6_000), new Biquad('low', 6_000)];
    const high = [new Biquad('high', 10_000), new Biquad('high', 10_000)];
    let [noisyHigh, cleanHigh] = [0, 0];
    let block = new Float32Array(BLOCK_SAMPLES);
    for (let count = 0; count < 100; count += 1) {
      const noisy = Float32Array.from({ length: BLOCK_SAMPLES }, () => 0.2 * (2 * rng.next() - 1));
      block = noisy.slice();
      for (const filter of low) filter.process(block);
      for (let index = 0; index < BLOCK_SAMPLES; index += 1) block[index] = (block[index] ?? 0) * cleanGain;
      highBand.restore(noisy, block);
      noisyHigh += meanPower(noisy);
      const above = block.slice();
      for (const filter of high) filter.process(above);
      cleanHigh += meanPower(above);
    }
    return { highDb: powerDb(cleanHigh) - powerDb(noisyHigh), block };
  }

  it('comes back where the band below was kept', () => {
    // Above 10 kHz lie 14 of the 24 kHz of the noise: -2.3 dB; the low-pass takes some of the band below along.
    expect(restored(1).highDb).toBeGreaterThan(-8);
    expect(restored(1).highDb).toBeLessThan(-1);
  });

  it('stays away as far as the band below was taken out', () => {
    expect(restored(1).highDb - restored(0.1).highDb).toBeCloseTo(20, 0);
    expect(restored(0).block.every((sample) => Math.abs(sample) < 1e-4)).toBe(true);
  });
});
