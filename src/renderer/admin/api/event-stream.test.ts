import { afterEach, expect, test } from 'vitest';
import type { AdminEvent } from '../../../contract/admin.ts';
import { fakeRoom } from '../dev/fake-room.ts';
import type { Refusal } from './admin-http.ts';
import { EventStream, MAX_SILENCE_MS, type StreamStatus } from './event-stream.ts';

const text = new TextEncoder();

/** The relay's end of one connection. */
class Connection {
  controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  readonly response: Response;
  readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    this.response = new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          this.controller = controller;
        },
      }),
    );
  }

  async write(chunk: string): Promise<void> {
    this.controller?.enqueue(text.encode(chunk));
    await settled();
  }

  async tell(event: AdminEvent): Promise<void> {
    await this.write(`data: ${JSON.stringify(event)}\n\n`);
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

class Place {
  readonly connections: Connection[] = [];
  readonly events: AdminEvent[] = [];
  readonly statuses: StreamStatus[] = [];
  readonly timers = new Map<object, { readonly delayMs: number; readonly callback: () => void }>();
  refusal: Refusal | null = null;
  readonly stream = new EventStream({
    open: (signal) => {
      if (this.refusal !== null) return Promise.resolve(this.refusal);
      const connection = new Connection(signal);
      this.connections.push(connection);
      return Promise.resolve(connection.response);
    },
    later: (delayMs, callback) => {
      const key = {};
      this.timers.set(key, { delayMs, callback });
      return () => this.timers.delete(key);
    },
    chance: () => 0,
    onEvent: (event) => this.events.push(event),
    onStatus: (status) => this.statuses.push(status),
  });

  get last(): Connection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('nobody has connected');
    return connection;
  }

  /** The waits that run, in ms. */
  get waits(): number[] {
    return [...this.timers.values()].map((timer) => timer.delayMs);
  }

  async fire(): Promise<void> {
    for (const [key, timer] of [...this.timers]) {
      this.timers.delete(key);
      timer.callback();
    }
    await settled();
  }
}

const place = (): Place => {
  made = new Place();
  return made;
};
let made: Place | null = null;
afterEach(() => made?.stream.stop());

const room: AdminEvent = { type: 'room', room: fakeRoom() };

test('the room comes first, and events in pieces are put together', async () => {
  const one = place();
  one.stream.start();
  await settled();
  const frame = `data: ${JSON.stringify(room)}\n\n`;
  await one.last.write(frame.slice(0, 40));
  expect(one.events).toEqual([]);
  await one.last.write(frame.slice(40));
  await one.last.write(': still here\n\ndata: {"type":"memberLeft",\ndata: "token":7}\n\n');
  expect(one.events).toEqual([room, { type: 'memberLeft', token: 7 }]);
  expect(one.statuses.map((status) => status.kind)).toEqual(['connecting', 'live']);
});

test('what is not understood is counted, and stops nothing', async () => {
  const one = place();
  one.stream.start();
  await settled();
  await one.last.write('data: {\n\ndata: {"type":"ofTomorrow"}\n\n');
  await one.last.tell({ type: 'audit' });
  expect(one.stream.ignoredEvents).toBe(2);
  expect(one.events).toEqual([{ type: 'audit' }]);
});

test('after a break it comes back, waiting longer each time, and at once when told', async () => {
  const one = place();
  one.stream.start();
  await settled();
  await one.last.tell(room);
  one.last.controller?.close();
  await settled();
  expect(one.statuses.at(-1)).toEqual({ kind: 'lost', sentence: '' });
  expect(one.waits).toEqual([250]);
  one.refusal = { ok: false, code: 'unavailable', sentence: 'The relay is starting.' };
  await one.fire();
  expect(one.statuses.at(-1)).toEqual({ kind: 'lost', sentence: 'The relay is starting.' });
  expect(one.waits).toEqual([500]);
  for (let attempt = 0; attempt < 20; attempt += 1) await one.fire();
  expect(one.waits).toEqual([4_000]);
  one.refusal = null;
  one.stream.tryNow();
  await settled();
  await one.last.tell(room);
  expect(one.statuses.at(-1)).toEqual({ kind: 'live' });
  one.last.controller?.close();
  await settled();
  expect(one.waits).toEqual([250]);
});

test('silence counts as a break', async () => {
  const one = place();
  one.stream.start();
  await settled();
  await one.last.tell(room);
  expect(one.waits).toEqual([MAX_SILENCE_MS]);
  const { signal } = one.last;
  await one.fire();
  expect(signal.aborted).toBe(true);
  expect(one.statuses.at(-1)?.kind).toBe('lost');
});

test('an ended session is not asked for again and again', async () => {
  const one = place();
  one.refusal = { ok: false, code: 'expired', sentence: 'It has ended.' };
  one.stream.start();
  await settled();
  expect(one.waits).toEqual([]);
});

test('a stopped stream tells nothing more', async () => {
  const one = place();
  one.stream.start();
  await settled();
  await one.last.tell(room);
  const before = one.statuses.length;
  one.stream.stop();
  await settled();
  expect(one.last.signal.aborted).toBe(true);
  expect(one.statuses).toHaveLength(before);
  expect(one.waits).toEqual([]);
});
