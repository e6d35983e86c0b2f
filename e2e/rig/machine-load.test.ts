import { expect, it } from 'vitest';
import { watchLoad } from './machine-load.ts';

it('the load is the share of time that was not idle, and what the hypervisor took', () => {
  const readings = [
    'cpu  100 0 100 700 100 0 0 0 5 5\ncpu0 1 1',
    'cpu  160 0 120 760 120 0 10 30 5 5\ncpu0 2 2',
  ];
  const load = watchLoad(() => readings.shift() ?? '');
  expect(load()).toEqual({ busyPercent: 60, stealPercent: 15 });
});

it('the load of no time at all is nothing', () => {
  const load = watchLoad(() => 'cpu  1 1 1 1 1 1 1 1');
  expect(load()).toEqual({ busyPercent: 0, stealPercent: 0 });
});
