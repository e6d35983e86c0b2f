import { describe, expect, test } from 'vitest';
import { DelayHistory, HISTORY_MS } from './delay-history.ts';

const WIDTH = 300;
const HEIGHT = 100;

describe('a graph', () => {
  test('has now at the right edge, half a minute ago at the left, and more is up', () => {
    const history = new DelayHistory();
    history.push(0, 0, 40);
    history.push(500, 20, 40);
    expect(history.path('depth', 500, 40, WIDTH, HEIGHT)).toBe('M295.0 100.0L300.0 50.0');
    expect(history.path('target', 500, 40, WIDTH, HEIGHT)).toBe('M295.0 0.0L300.0 0.0');
    expect(history.path('depth', HISTORY_MS, 40, WIDTH, HEIGHT)).toBe('M0.0 100.0L5.0 50.0');
  });

  test('drops what is older than half a minute', () => {
    const history = new DelayHistory();
    history.push(0, 3_000, 10);
    history.push(HISTORY_MS + 1, 10, 10);
    expect(history.topMs(HISTORY_MS + 1)).toBe(40);
    expect(history.path('depth', HISTORY_MS + 1, 40, WIDTH, HEIGHT)).toBe('M300.0 75.0');
  });

  test('does not join what nobody looked at in between', () => {
    const history = new DelayHistory();
    for (const atMs of [0, 1_000, 2_001]) history.push(atMs, 10, 10);
    expect(history.path('depth', 2_001, 40, WIDTH, HEIGHT).replace(/[^ML]/gu, '')).toBe('MLM');
  });

  test('keeps the newest where more come than it has room for', () => {
    const history = new DelayHistory();
    for (let count = 0; count < 1_000; count += 1) history.push(count, count, 0);
    const path = history.path('depth', 999, 1_000, WIDTH, HEIGHT);
    expect(path.split('L')).toHaveLength(160);
    expect(path.endsWith('L300.0 0.1')).toBe(true);
  });

  test('without points there is no line', () => {
    expect(new DelayHistory().path('depth', 0, 40, WIDTH, HEIGHT)).toBe('');
  });
});

test.each([
  [0, 40],
  [40, 40],
  [41, 80],
  [3_200, 3_200],
  [5_000, 5_000],
])('%i ms fit under a top of %i ms', (delayMs, topMs) => {
  const history = new DelayHistory();
  history.push(0, 0, delayMs);
  expect(history.topMs(0)).toBe(topMs);
});
