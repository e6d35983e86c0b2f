import { describe, expect, it } from 'vitest';
import { MAX_WAITING_DATAGRAMS, OPENING_TURN_MS, OpeningQueue } from './opening-queue.ts';

describe('OpeningQueue', () => {
  it('hands out copies in the order they came in', () => {
    const queue = new OpeningQueue();
    const bytes = new Uint8Array(8);
    for (const [bot, byte] of [
      [3, 7],
      [1, 8],
    ] as const) {
      bytes.fill(byte);
      expect(queue.put(bot, bytes, byte - 3, 100 + bot)).toBe(true);
    }
    bytes.fill(0);
    const opened: unknown[] = [];
    const left = queue.work(
      (bot, sealed, lengthBytes, nowMs) => opened.push([bot, [...sealed.subarray(0, lengthBytes)], nowMs]),
      () => 0,
    );
    expect(left).toBe(false);
    expect(opened).toEqual([
      [3, [7, 7, 7, 7], 103],
      [1, [8, 8, 8, 8, 8], 101],
    ]);
  });

  it('takes no more than it holds, and counts those beyond', () => {
    const queue = new OpeningQueue();
    const bytes = Uint8Array.of(1);
    for (let at = 0; at < MAX_WAITING_DATAGRAMS; at += 1) expect(queue.put(at, bytes, 1, at)).toBe(true);
    expect(queue.put(0, bytes, 1, 0)).toBe(false);
    expect([queue.waiting, queue.leftOut]).toEqual([MAX_WAITING_DATAGRAMS, 1]);
    const opened: number[] = [];
    while (
      queue.work(
        (bot) => opened.push(bot),
        () => 0,
      )
    );
    expect(opened).toEqual(Array.from({ length: MAX_WAITING_DATAGRAMS }, (_, at) => at));
    expect(queue.put(0, bytes, 1, 0)).toBe(true);
  });

  it('stops when its turn is over', () => {
    const queue = new OpeningQueue();
    for (let at = 0; at < 1_000; at += 1) queue.put(0, Uint8Array.of(1), 1, 0);
    let nowMs = 5;
    const left = queue.work(
      () => {
        nowMs += OPENING_TURN_MS / 10;
      },
      () => nowMs,
    );
    expect(left).toBe(true);
    expect(1_000 - queue.waiting).toBeLessThanOrEqual(16);
    expect(queue.waiting).toBeGreaterThan(0);
  });
});
