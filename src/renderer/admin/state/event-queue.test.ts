import { expect, test } from 'vitest';
import type { AdminEvent } from '../../../contract/admin.ts';
import { EventQueue, MAX_WAIT_MS } from './event-queue.ts';

function place() {
  const taken: (readonly AdminEvent[])[] = [];
  const timers: { readonly delayMs: number; readonly callback: () => void }[] = [];
  const queue = new EventQueue(
    (events) => taken.push(events),
    (delayMs, callback) => timers.push({ delayMs, callback }),
  );
  return { queue, taken, timers };
}

const gone = (token: number): AdminEvent => ({ type: 'memberLeft', token });

test('what comes together is given together, in its order', () => {
  const { queue, taken, timers } = place();
  queue.push(gone(1));
  queue.push(gone(2));
  expect(taken).toEqual([]);
  expect(timers.map((timer) => timer.delayMs)).toEqual([MAX_WAIT_MS]);
  timers[0]?.callback();
  expect(taken).toEqual([[gone(1), gone(2)]]);
  queue.push(gone(3));
  expect(timers).toHaveLength(2);
  timers[1]?.callback();
  expect(taken).toEqual([[gone(1), gone(2)], [gone(3)]]);
});

test('what was dropped is given to nobody, and what comes after it once', () => {
  const { queue, taken, timers } = place();
  queue.push(gone(1));
  queue.drop();
  queue.push(gone(2));
  for (const timer of timers) timer.callback();
  expect(taken).toEqual([[gone(2)]]);
});
