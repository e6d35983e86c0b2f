import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchLoad } from './machine-load.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('the load is the share of time that was not idle, the busiest piece of it, and what the hypervisor took', () => {
  const readings = [
    'cpu  100 0 100 700 100 0 0 0 5 5\ncpu0 1 1',
    'cpu  170 0 120 700 100 0 10 0 5 5\ncpu0 2 2',
    'cpu  170 0 120 760 110 0 10 30 5 5\ncpu0 3 3',
  ];
  const load = watchLoad(() => readings.shift() ?? '', 1_000);
  vi.advanceTimersByTime(1_000);
  expect(load()).toEqual({ busyPercent: 65, busiestSecondPercent: 100, stealPercent: 15 });
});

it('the load of no time at all is nothing', () => {
  const load = watchLoad(() => 'cpu  1 1 1 1 1 1 1 1');
  expect(load()).toEqual({ busyPercent: 0, busiestSecondPercent: 0, stealPercent: 0 });
});
