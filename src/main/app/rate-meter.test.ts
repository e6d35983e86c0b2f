import { expect, test } from 'vitest';
import { RATE_WINDOW_MS, RateMeter } from './rate-meter.ts';

test('a rate is that of the last seconds, not of all time', () => {
  const meter = new RateMeter();
  expect(meter.perSecond('bytes', 0, 0)).toBe(0);
  for (let nowMs = 200; nowMs <= 10_000; nowMs += 200) meter.perSecond('bytes', nowMs, nowMs);
  expect(meter.perSecond('bytes', 10_000, 10_200)).toBeLessThan(1_000);
  for (let nowMs = 10_400; nowMs <= 10_400 + RATE_WINDOW_MS; nowMs += 200)
    meter.perSecond('bytes', 10_000, nowMs);
  expect(meter.perSecond('bytes', 10_000, 10_600 + RATE_WINDOW_MS)).toBe(0);
});

test('growth comes with the time that it took', () => {
  const meter = new RateMeter();
  meter.growth('lost', 5, 1_000);
  expect(meter.growth('lost', 8, 2_000)).toEqual({ amount: 3, tookMs: 1_000 });
});

test('a total that began anew has no rate at first, and then its own', () => {
  const meter = new RateMeter();
  meter.perSecond('bytes', 500_000, 0);
  expect(meter.perSecond('bytes', 10, 1_000)).toBe(0);
  expect(meter.perSecond('bytes', 110, 2_000)).toBe(100);
});

test('totals of different names do not mix', () => {
  const meter = new RateMeter();
  meter.perSecond('a', 0, 0);
  meter.perSecond('b', 1_000, 0);
  expect(meter.perSecond('a', 10, 1_000)).toBe(10);
  expect(meter.perSecond('b', 1_020, 1_000)).toBe(20);
});
