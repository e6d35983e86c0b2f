import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LISTENING_NEWS_MS, ListeningNews } from './listening-news.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('the first change is told at once, a storm of them once more at its end', () => {
  let told = 0;
  const news = new ListeningNews(() => {
    told += 1;
  });
  for (let n = 0; n < 100; n += 1) news.tell();
  expect(told).toBe(1);
  vi.advanceTimersByTime(LISTENING_NEWS_MS - 1);
  expect(told).toBe(1);
  vi.advanceTimersByTime(1);
  expect(told).toBe(2);
  vi.advanceTimersByTime(LISTENING_NEWS_MS * 3);
  expect(told).toBe(2);
  news.tell();
  news.tell();
  expect(told).toBe(3);
  news.stop();
  vi.advanceTimersByTime(LISTENING_NEWS_MS * 3);
  expect(told).toBe(3);
});
