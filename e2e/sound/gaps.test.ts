import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/base/rng.ts';
import { examineTone } from './gaps.ts';
import { noise, tone } from './signals.ts';

const RATE_HZ = 48_000;

function silenced(sound: Float32Array, startMs: number, lengthMs: number): Float32Array {
  return sound.slice().fill(0, startMs * 48, startMs * 48 + lengthMs * 48);
}

describe.each([440, 1_000])('a tone of %i Hz', (toneHz) => {
  const clean = tone(toneHz, 2, RATE_HZ, 0.4);

  it('without a fault has none', () => {
    const report = examineTone(clean, toneHz, RATE_HZ);
    expect(report.amplitude).toBeCloseTo(0.4, 2);
    expect(report).toMatchObject({ longestGapMs: 0, gaps: [], phaseJumps: 0, clicks: 0 });
    expect(report.largestPhaseJumpRadians).toBeLessThan(0.05);
  });

  it.each([4, 6, 20])('with a gap of %i ms has one of that length, there', (lengthMs) => {
    const report = examineTone(silenced(clean, 700, lengthMs), toneHz, RATE_HZ);
    expect(report.gaps).toHaveLength(1);
    expect(Math.abs(report.longestGapMs - lengthMs)).toBeLessThan(0.6);
    expect(Math.abs((report.gaps[0]?.startMs ?? 0) - 700)).toBeLessThan(1.5);
  });

  it('tells a gap of 4 ms from the limit of 5, and one of 6', () => {
    expect(examineTone(silenced(clean, 501, 4), toneHz, RATE_HZ).longestGapMs).toBeLessThan(5);
    expect(examineTone(silenced(clean, 501, 6), toneHz, RATE_HZ).longestGapMs).toBeGreaterThan(5);
  });

  it('finds the longest of several gaps, under noise 40 dB down', () => {
    const faulty = silenced(silenced(clean, 300, 3), 1_200, 9);
    const disturbance = noise(faulty.length, 0.004, createRng(2));
    const report = examineTone(
      faulty.map((value, i) => value + (disturbance[i] ?? 0)),
      toneHz,
      RATE_HZ,
    );
    expect(report.gaps).toHaveLength(2);
    expect(Math.abs(report.longestGapMs - 9)).toBeLessThan(0.6);
  });

  it('counts a dip of 12 dB as no gap and one of 26 dB as one', () => {
    const dipped = (gain: number): Float32Array =>
      clean.map((value, i) => (i >= 48_000 && i < 48_480 ? value * gain : value));
    expect(examineTone(dipped(0.25), toneHz, RATE_HZ).longestGapMs).toBe(0);
    expect(examineTone(dipped(0.05), toneHz, RATE_HZ).longestGapMs).toBeGreaterThan(9);
  });

  it('reports samples left out as a phase jump, not as a gap', () => {
    const cut = Math.round(RATE_HZ / toneHz / 3);
    const spliced = new Float32Array(clean.length - cut);
    spliced.set(clean.subarray(0, 40_000));
    spliced.set(clean.subarray(40_000 + cut), 40_000);
    const report = examineTone(spliced, toneHz, RATE_HZ);
    expect(report.longestGapMs).toBe(0);
    expect(report.phaseJumps).toBe(1);
    expect(report.largestPhaseJumpRadians).toBeCloseTo((2 * Math.PI) / 3, 1);
    expect(report.clicks).toBe(1);
  });

  it('reports a single wrong sample as a click', () => {
    const clicked = clean.slice();
    clicked[30_000] = 0.9;
    expect(examineTone(clicked, toneHz, RATE_HZ).clicks).toBe(1);
  });
});

describe('no tone at all', () => {
  it('is one gap from end to end, not a perfect recording', () => {
    expect(examineTone(new Float32Array(48_000), 1_000, RATE_HZ).longestGapMs).toBe(1_000);
    expect(examineTone(tone(1_000, 1, RATE_HZ, 0.0002), 1_000, RATE_HZ).longestGapMs).toBe(1_000);
  });
});
