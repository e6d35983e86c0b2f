import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  DiagnosticsWatch,
  UNWATCHED_INTERVAL_MS,
  WATCH_ENDS_MS,
  WATCHED_INTERVAL_MS,
} from './diagnostics-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('threads report often while somebody looks, and only then', () => {
  const intervals: number[] = [];
  const watch = new DiagnosticsWatch({ setReportInterval: (intervalMs) => intervals.push(intervalMs) });
  expect(intervals).toEqual([]);
  for (let asked = 0; asked < 20; asked += 1) {
    watch.handleAsked();
    vi.advanceTimersByTime(WATCH_ENDS_MS - 1);
  }
  expect(intervals).toEqual([WATCHED_INTERVAL_MS]);
  vi.advanceTimersByTime(1);
  expect(intervals).toEqual([WATCHED_INTERVAL_MS, UNWATCHED_INTERVAL_MS]);
  watch.handleAsked();
  expect(intervals.at(-1)).toBe(WATCHED_INTERVAL_MS);
});
