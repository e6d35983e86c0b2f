import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import type { AdminRoom } from '../../contract/admin.ts';
import { EventStreams, MAX_EVENT_STREAMS } from './event-streams.ts';

/** A response that nobody reads. */
class StuckResponse extends EventEmitter {
  writableLength = 0;
  destroyed = false;
  text = '';

  write(text: string): boolean {
    this.text += text;
    this.writableLength += Buffer.byteLength(text);
    return false;
  }

  end(): void {
    this.emit('close');
  }

  destroy(): void {
    this.destroyed = true;
  }
}

const room: AdminRoom = { name: 'Attic', maxMembers: 1, channels: [], members: [], roles: [] };

function open(streams: EventStreams, account: string, roomSoon: Promise<AdminRoom> = Promise.resolve(room)) {
  const response = new StuckResponse();
  streams.open({
    response: response as unknown as ServerResponse,
    account,
    holds: () => true,
    expiresInMs: 60_000,
    room: roomSoon,
  });
  return response;
}

describe('what waits for a reader', () => {
  const frameBytes = Buffer.byteLength('data: {"type":"audit"}\n\n');
  const roomBytes = Buffer.byteLength(`data: ${JSON.stringify({ type: 'room', room })}\n\n`);

  test('may be as much as the limit, and a byte more cuts it', async () => {
    const atLimit = new EventStreams(roomBytes + 2 * frameBytes);
    const below = new EventStreams(roomBytes + 2 * frameBytes - 1);
    const kept = open(atLimit, 'root');
    const cut = open(below, 'root');
    await Promise.resolve();
    for (const streams of [atLimit, below]) {
      streams.send({ type: 'audit' });
      streams.send({ type: 'audit' });
    }
    expect([kept.destroyed, cut.destroyed]).toEqual([false, true]);
    expect([atLimit.counters['streamsOpen'], below.counters['streamsTooSlow']]).toEqual([1, 1]);
    atLimit.send({ type: 'audit' });
    expect(kept.destroyed).toBe(true);
    atLimit.close();
    below.close();
  });

  test('counts as well while the room is asked for', () => {
    const streams = new EventStreams(3 * frameBytes);
    const response = open(streams, 'root', new Promise(() => {}));
    for (let n = 0; n < 3; n += 1) streams.send({ type: 'audit' });
    expect([response.destroyed, response.text]).toEqual([false, '']);
    streams.send({ type: 'audit' });
    expect(response.destroyed).toBe(true);
    streams.close();
  });

  test('is said to be nothing, now and then', async () => {
    vi.useFakeTimers();
    try {
      const streams = new EventStreams(1_000_000, 1_000);
      const response = open(streams, 'root');
      await vi.advanceTimersByTimeAsync(3_000);
      expect(response.text.endsWith('}\n\n:\n\n:\n\n:\n\n')).toBe(true);
      streams.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

test('there are only so many in all', () => {
  const streams = new EventStreams();
  for (let n = 0; n < MAX_EVENT_STREAMS; n += 1) {
    expect(streams.hasPlace(`account${n}`)).toBe(true);
    open(streams, `account${n}`);
  }
  expect(streams.hasPlace('one more')).toBe(false);
  streams.close();
  expect(streams.counters).toMatchObject({ streamsOpen: 0, streamsClosed: MAX_EVENT_STREAMS });
});
