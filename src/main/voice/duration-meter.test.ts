import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DurationMeter } from './duration-meter.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function take(meter: DurationMeter, ms: number): void {
  const startMs = performance.now();
  vi.advanceTimersByTime(ms);
  meter.end(startMs);
}

test('knows the mean, and the longest since it was asked', () => {
  const meter = new DurationMeter();
  for (const ms of [1, 2, 6]) take(meter, ms);
  expect(meter.meanUs).toBeCloseTo(3_000);
  expect(meter.takeMaxUs()).toBeCloseTo(6_000);
  expect(meter.takeMaxUs()).toBe(0);
  take(meter, 3);
  expect(meter.takeMaxUs()).toBeCloseTo(3_000);
});

test('forgets what was long ago', () => {
  const meter = new DurationMeter();
  take(meter, 100);
  for (let count = 0; count < 5_000; count += 1) take(meter, 1);
  expect(meter.meanUs).toBeLessThan(1_010);
});
