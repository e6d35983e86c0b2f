import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DeadlineTimer } from './deadline-timer.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('calls at each deadline, moved ones included, and not after the last', () => {
  let nextMs: number | null = performance.now() + 100;
  const calls: number[] = [];
  const timer = new DeadlineTimer({ nextDeadlineMs: () => nextMs }, (nowMs) => {
    calls.push(nowMs);
    nextMs = calls.length < 3 ? nowMs + 50 : null;
  });
  timer.reschedule();
  nextMs = performance.now() + 200;
  timer.reschedule();
  vi.advanceTimersByTime(150);
  expect(calls).toHaveLength(0);
  vi.advanceTimersByTime(1_000);
  expect(calls).toHaveLength(3);
});

it('calls no more once stopped', () => {
  const onDeadline = vi.fn();
  const timer = new DeadlineTimer({ nextDeadlineMs: () => performance.now() + 10 }, onDeadline);
  timer.reschedule();
  timer.stop();
  vi.advanceTimersByTime(100);
  expect(onDeadline).not.toHaveBeenCalled();
});
