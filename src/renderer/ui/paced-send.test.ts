import { expect, test } from 'vitest';
import { PacedSend, SEND_PACE_MS } from './paced-send.ts';

/** A clock that moves when told to. */
function handClock() {
  const timers = new Map<number, { atMs: number; callback: () => void }>();
  let nowMs = 0;
  let lastId = 0;
  return {
    later: (delayMs: number, callback: () => void) => {
      lastId += 1;
      const id = lastId;
      timers.set(id, { atMs: nowMs + delayMs, callback });
      return () => {
        timers.delete(id);
      };
    },
    pass: (byMs: number) => {
      nowMs += byMs;
      for (const [id, timer] of [...timers]) if (timer.atMs <= nowMs && timers.delete(id)) timer.callback();
    },
  };
}

test('a hand on a slider sends ten times a second, and the last value always', () => {
  const clock = handClock();
  const sent: number[] = [];
  const paced = new PacedSend<number>((value) => sent.push(value), clock.later);
  for (let value = 1; value <= 25; value += 1) {
    paced.push(value);
    clock.pass(SEND_PACE_MS / 10);
  }
  expect(sent).toEqual([10, 20]);
  clock.pass(SEND_PACE_MS);
  expect(sent).toEqual([10, 20, 25]);
  clock.pass(10 * SEND_PACE_MS);
  expect(sent).toHaveLength(3);
});

test('what waits can be sent at once, and only once', () => {
  const clock = handClock();
  const sent: number[] = [];
  const paced = new PacedSend<number>((value) => sent.push(value), clock.later);
  paced.push(7);
  paced.flush();
  paced.flush();
  clock.pass(SEND_PACE_MS);
  expect(sent).toEqual([7]);
});

test('what was dropped is never sent, and the next one is', () => {
  const clock = handClock();
  const sent: number[] = [];
  const paced = new PacedSend<number>((value) => sent.push(value), clock.later);
  paced.push(7);
  paced.drop();
  clock.pass(SEND_PACE_MS);
  expect(sent).toEqual([]);
  paced.push(8);
  clock.pass(SEND_PACE_MS);
  expect(sent).toEqual([8]);
});
