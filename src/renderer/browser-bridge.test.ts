import { describe, expect, test } from 'vitest';
import { MAX_ATTEMPTS, MAX_RETRY_MS, retryDelayMs } from './bridge-backoff.ts';
import { readBridgeFrame } from './bridge-messages.ts';
import {
  type BridgeSocket,
  type BridgeSocketEvents,
  BrowserBridge,
  bridgeAddress,
  MAX_PENDING_REQUESTS,
} from './browser-bridge.ts';

class FakeSocket implements BridgeSocket {
  readonly sent: string[] = [];
  readonly events: BridgeSocketEvents;
  constructor(events: BridgeSocketEvents) {
    this.events = events;
  }
  send(text: string): void {
    this.sent.push(text);
  }
  deliver(value: unknown): void {
    this.events.received(typeof value === 'string' ? value : JSON.stringify(value));
  }
  request(index: number): { id: number; command: string; payload: unknown } {
    return JSON.parse(this.sent[index] ?? 'null');
  }
}

function rig() {
  const sockets: FakeSocket[] = [];
  const timers: { delayMs: number; callback: () => void; off: boolean }[] = [];
  const bridge = new BrowserBridge({
    openSocket: (events) => {
      const socket = new FakeSocket(events);
      sockets.push(socket);
      return socket;
    },
    later: (delayMs, callback) => {
      const timer = { delayMs, callback, off: false };
      timers.push(timer);
      return () => {
        timer.off = true;
      };
    },
    chance: () => 0,
  });
  const seen: string[] = [];
  bridge.onStatusChanged((status) => seen.push(status));
  const latest = (): FakeSocket => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  };
  const open = (): FakeSocket => {
    bridge.connect();
    latest().events.opened();
    return latest();
  };
  return { bridge, sockets, timers, seen, latest, open };
}

describe('BrowserBridge', () => {
  test('sends a command with its payload and settles it with its own answer, in any order', async () => {
    const { bridge, open } = rig();
    const socket = open();
    const muted = bridge.api.setMuted({ muted: true });
    const left = bridge.api.leave();
    expect(socket.request(0)).toEqual({ id: 1, command: 'setMuted', payload: { muted: true } });
    expect(socket.request(1)).toEqual({ id: 2, command: 'leave', payload: null });
    socket.deliver({ id: 2, answer: { ok: false, sentence: 'You are in no room.' } });
    socket.deliver({ id: 1, answer: { ok: true } });
    expect(await muted).toEqual({ ok: true });
    expect(await left).toEqual({ ok: false, sentence: 'You are in no room.' });
  });

  test('rejects with the sentence of an error answer', async () => {
    const { bridge, open } = rig();
    const socket = open();
    const answer = bridge.api.getStats();
    socket.deliver({ id: 1, error: 'That command has no such payload.' });
    await expect(answer).rejects.toThrow('That command has no such payload.');
  });

  test('hands events to their listeners only, and stops when told', () => {
    const { bridge, open } = rig();
    const socket = open();
    const meters: unknown[] = [];
    const states: unknown[] = [];
    const stop = bridge.api.onMetersChanged((value) => meters.push(value));
    const chats: unknown[] = [];
    bridge.api.onStateChanged((value) => states.push(value));
    bridge.api.onChatChanged((value) => chats.push(value));
    const payload = { inputDb: -20, outputDb: -30, talkingTokens: [7] };
    socket.deliver({ event: 'metersChanged', payload });
    stop();
    socket.deliver({ event: 'metersChanged', payload });
    expect(meters).toEqual([payload]);
    expect(states).toEqual([]);
    socket.deliver({ event: 'chatChanged', payload: { title: 'Lobby' } });
    expect(chats).toEqual([{ title: 'Lobby' }]);
  });

  test('refuses requests before the socket is open and after it closed', async () => {
    const { bridge, latest } = rig();
    bridge.connect();
    await expect(bridge.api.getState()).rejects.toThrow('The program is not answering.');
    latest().events.opened();
    const waiting = bridge.api.getState();
    latest().events.closed(1006);
    await expect(waiting).rejects.toThrow('The program is not answering.');
    await expect(bridge.api.getState()).rejects.toThrow('The program is not answering.');
    expect(bridge.counters).toMatchObject({ refusedWhileDown: 2, connectionsLost: 1 });
  });

  test('holds at most MAX_PENDING_REQUESTS requests', async () => {
    const { bridge, open } = rig();
    const socket = open();
    const all = Array.from({ length: MAX_PENDING_REQUESTS }, () => bridge.api.getStats());
    await expect(bridge.api.getStats()).rejects.toThrow('The program is not answering.');
    expect(socket.sent).toHaveLength(MAX_PENDING_REQUESTS);
    expect(bridge.counters.tooManyPending).toBe(1);
    for (let id = 1; id <= MAX_PENDING_REQUESTS; id += 1) socket.deliver({ id, answer: {} });
    await Promise.all(all);
    const next = bridge.api.getStats();
    socket.deliver({ id: MAX_PENDING_REQUESTS + 1, answer: {} });
    expect(await next).toEqual({});
  });

  test('counts frames it cannot use by reason and goes on', async () => {
    const { bridge, open } = rig();
    const socket = open();
    socket.deliver('{');
    socket.deliver([1, 2]);
    socket.deliver({ id: 99, answer: null });
    socket.deliver({ event: 'somethingNew', payload: {} });
    const answer = bridge.api.getStats();
    socket.deliver({ id: 1, answer: {} });
    expect(await answer).toEqual({});
    expect(bridge.counters).toMatchObject({ notJson: 1, badShape: 1, unknownId: 1, unknownEvent: 1 });
  });

  test('comes back with growing waits, and starts over after a success', () => {
    const { timers, seen, latest, open } = rig();
    open();
    latest().events.closed(1006);
    timers.at(-1)?.callback();
    latest().events.closed(1006);
    timers.at(-1)?.callback();
    latest().events.opened();
    latest().events.closed(1006);
    expect(timers.map((timer) => timer.delayMs)).toEqual([250, 500, 250]);
    expect(seen).toEqual(['up', 'down', 'up', 'down']);
  });

  test('is gone after the last try, and connects again when asked', () => {
    const { bridge, sockets, timers, latest } = rig();
    bridge.connect();
    for (let tries = 1; tries <= MAX_ATTEMPTS; tries += 1) {
      latest().events.closed(1006);
      expect(bridge.status).toBe('down');
      timers.at(-1)?.callback();
    }
    latest().events.closed(1006);
    expect(bridge.status).toBe('gone');
    expect(sockets).toHaveLength(MAX_ATTEMPTS + 1);
    bridge.connect();
    expect(bridge.status).toBe('down');
    latest().events.opened();
    expect(bridge.status).toBe('up');
  });

  test('believes a program that says it goes away', () => {
    const { bridge, timers, open } = rig();
    open().events.closed(1001);
    expect(bridge.status).toBe('gone');
    expect(timers).toHaveLength(0);
  });

  test('a second connect neither opens a second socket nor leaves the old timer running', () => {
    const { bridge, sockets, timers, open } = rig();
    open();
    bridge.connect();
    expect(sockets).toHaveLength(1);
    sockets[0]?.events.closed(1006);
    bridge.connect();
    expect(sockets).toHaveLength(2);
    expect(timers[0]?.off).toBe(true);
  });

  test('the late close of an old socket does not touch the new one', () => {
    const { bridge, sockets, open } = rig();
    open();
    const old = sockets[0];
    old?.events.closed(1006);
    open();
    old?.events.closed(1006);
    expect(bridge.status).toBe('up');
  });
});

describe('retryDelayMs', () => {
  test('doubles up to its limit, minus up to a quarter, and ends', () => {
    expect([1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(attempt, 0))).toEqual([
      250, 500, 1000, 2000, 4000, 4000,
    ]);
    expect(retryDelayMs(5, 1)).toBe(MAX_RETRY_MS * 0.75);
    expect(retryDelayMs(MAX_ATTEMPTS, 0)).toBe(MAX_RETRY_MS);
    expect(retryDelayMs(MAX_ATTEMPTS + 1, 0)).toBeNull();
  });
});

describe('readBridgeFrame', () => {
  test.each([
    ['binary data', new ArrayBuffer(2), 'notJson'],
    ['cut off text', '{"id":1,', 'notJson'],
    ['null', 'null', 'badShape'],
    ['an id that is a text', '{"id":"1","answer":1}', 'badShape'],
    ['neither answer nor error', '{"id":1}', 'badShape'],
    ['an inherited name', '{"event":"toString","payload":1}', 'unknownEvent'],
  ])('refuses %s', (_name, data, reason) => {
    expect(readBridgeFrame(data)).toEqual({ kind: 'bad', reason });
  });
});

test('the socket is on the origin of the page', () => {
  expect(bridgeAddress({ protocol: 'http:', host: '127.0.0.1:4100' })).toBe('ws://127.0.0.1:4100/ipc');
  expect(bridgeAddress({ protocol: 'https:', host: 'voice.example' })).toBe('wss://voice.example/ipc');
});
