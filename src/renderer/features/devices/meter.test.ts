import { describe, expect, test } from 'vitest';
import { FALL_DB_PER_SECOND, PEAK_HOLD_MS, restingMeter, stepMeter } from './meter-ballistics.ts';
import { decibelText, METER_FLOOR_DB, meterFraction, meterMarksDb } from './meter-scale.ts';

describe('meterFraction', () => {
  test.each([
    [0, 1],
    [6, 1],
    [-36, 0.5],
    [-18, 0.75],
    [METER_FLOOR_DB, 0],
    [-120, 0],
    [Number.NEGATIVE_INFINITY, 0],
    [Number.NaN, 0],
  ])('%s dBFS stands at %s', (levelDb, fraction) => {
    expect(meterFraction(levelDb)).toBeCloseTo(fraction, 9);
  });

  test('the marks run evenly from the floor to full scale', () => {
    expect(meterMarksDb()).toEqual([-72, -60, -48, -36, -24, -12, 0]);
  });

  test('levels are written with a minus sign and never as minus zero', () => {
    expect(decibelText(-41.6)).toBe('−42 dB');
    expect(decibelText(-0.2)).toBe('0 dB');
  });
});

describe('stepMeter', () => {
  test('rises at once and falls at its rate', () => {
    const loud = stepMeter(restingMeter(0), -10, 50);
    expect(loud.levelDb).toBe(-10);
    expect(stepMeter(loud, -120, 550).levelDb).toBeCloseTo(-10 - FALL_DB_PER_SECOND / 2, 9);
  });

  test('does not fall below what is measured', () => {
    const loud = stepMeter(restingMeter(0), -10, 50);
    expect(stepMeter(loud, -20, 10_050).levelDb).toBe(-20);
  });

  test('holds the peak, then lets it fall, never below the bar', () => {
    let reading = stepMeter(restingMeter(0), -6, 0);
    reading = stepMeter(reading, -120, PEAK_HOLD_MS - 1);
    expect(reading.peakDb).toBe(-6);
    reading = stepMeter(reading, -120, PEAK_HOLD_MS + 499);
    expect(reading.peakDb).toBeCloseTo(-6 - FALL_DB_PER_SECOND / 2, 9);
    reading = stepMeter(reading, -30, 60_000);
    expect(reading.peakDb).toBe(-30);
  });

  test('a higher level starts a new peak', () => {
    const first = stepMeter(restingMeter(0), -20, 0);
    const second = stepMeter(first, -8, 1_000);
    expect(second).toMatchObject({ peakDb: -8, peakAtMs: 1_000 });
  });

  test('a clock that steps back does not lift the bar, and no number is silence', () => {
    const loud = stepMeter(restingMeter(1_000), -10, 1_000);
    expect(stepMeter(loud, -120, 500).levelDb).toBe(-10);
    expect(stepMeter(restingMeter(0), Number.NaN, 50).levelDb).toBe(METER_FLOOR_DB);
  });
});
