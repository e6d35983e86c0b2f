import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { createProbe, decodeProbe, encodeProbe, KIND_PROBE, KIND_REPLY, verifyProbe } from '../wire/probe.ts';
import {
  HEARTBEAT_INTERVAL_MS,
  MAX_OUTSTANDING_PROBES,
  PATH_DEAD_MS,
  PathEngine,
  SEEK_INTERVAL_MS,
} from './path-engine.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();
const pathKey = Uint8Array.from({ length: 32 }, (_, at) => at);
const TOKEN = 0x1234_5678;

class Rig {
  nowMs = 1_000;
  readonly probes: Uint8Array[] = [];
  readonly engine = new PathEngine({ token: TOKEN, pathKey, mac });
  readonly out = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void => {
      this.probes.push(bytes.slice(0, lengthBytes));
    },
  };

  start(): void {
    this.engine.handleStart(this.nowMs, this.out);
  }

  /** Moves the clock, calling the engine at its deadlines; answers each probe at once if asked to. */
  pass(durationMs: number, answering = false): void {
    const untilMs = this.nowMs + durationMs;
    while (true) {
      const deadlineMs = this.engine.nextDeadlineMs();
      if (deadlineMs === null || deadlineMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, deadlineMs);
      const sent = this.probes.length;
      this.engine.handleDeadline(this.nowMs, this.out);
      if (answering && this.probes.length > sent) this.answer(this.probes.length - 1);
    }
    this.nowMs = untilMs;
  }

  clockOf(at: number): number {
    const probe = createProbe();
    const bytes = this.probes[at] ?? new Uint8Array();
    expect(decodeProbe(bytes, bytes.length, probe)).toEqual({ ok: true });
    return probe.clockMicroseconds;
  }

  answer(at: number, change: { kind?: 1 | 2; token?: number; key?: Uint8Array } = {}): boolean {
    const bytes = new Uint8Array(64);
    const { kind = KIND_REPLY, token = TOKEN, key = pathKey } = change;
    const probe = { kind, clockMicroseconds: this.clockOf(at) };
    const lengthBytes = encodeProbe(probe, token as SessionToken, 0 as SeqNo, key, mac, bytes);
    return this.engine.handleDatagram(bytes, lengthBytes, this.nowMs, this.out);
  }
}

function expectBalance(engine: PathEngine): void {
  const counters = engine.counters;
  expect(counters.probesSent).toBe(counters.answers + counters.probesLost + engine.outstanding);
  const { answers, malformed, wrongToken, notAnswer, unexpected, forged } = counters;
  expect(counters.received).toBe(answers + malformed + wrongToken + notAnswer + unexpected + forged);
}

describe('the path', () => {
  test('is looked for every 200 ms with clocks that grow, signed by the session', () => {
    const rig = new Rig();
    expect(rig.engine.nextDeadlineMs()).toBeNull();
    rig.start();
    rig.pass(5 * SEEK_INTERVAL_MS);
    expect(rig.probes.length).toBe(6);
    for (const bytes of rig.probes) expect(verifyProbe(bytes, bytes.length, pathKey, mac)).toBe(true);
    const clocks = rig.probes.map((_, at) => rig.clockOf(at));
    expect(clocks).toEqual([...new Set(clocks)].sort((a, b) => a - b));
    expect(clocks[0]).toBe(1_000_000);
    expect(rig.engine).toMatchObject({ alive: false, pingMs: null, lastHeardMs: null });
  });

  test('has clocks that grow even when time does not', () => {
    const rig = new Rig();
    for (let count = 0; count < 3; count += 1) rig.start();
    expect([rig.clockOf(0), rig.clockOf(1), rig.clockOf(2)]).toEqual([1_000_000, 1_000_001, 1_000_002]);
    rig.nowMs = 500;
    rig.start();
    expect(rig.clockOf(3)).toBe(1_000_003);
  });

  test('is alive with the first answer and then beats once a second', () => {
    const rig = new Rig();
    rig.start();
    rig.nowMs += 37;
    expect(rig.answer(0)).toBe(true);
    expect(rig.engine).toMatchObject({ alive: true, pingMs: 37, lastHeardMs: 1_037 });
    rig.pass(10 * HEARTBEAT_INTERVAL_MS, true);
    expect(rig.probes.length).toBe(11);
    // Ten answers after no time at all pull the smoothed round trip towards zero.
    expect(rig.engine.pingMs).toBeCloseTo(37 * (7 / 8) ** 10, 9);
    expectBalance(rig.engine);
  });

  test('is dead five seconds after the last answer, is looked for again, and can come back', () => {
    const rig = new Rig();
    rig.start();
    rig.answer(0);
    rig.pass(PATH_DEAD_MS - 1);
    expect(rig.engine.alive).toBe(true);
    rig.pass(1);
    expect(rig.engine).toMatchObject({ alive: false, pingMs: null });
    const sent = rig.probes.length;
    rig.pass(1_000);
    expect(rig.probes.length).toBe(sent + 5);
    rig.nowMs += 10;
    rig.answer(rig.probes.length - 1);
    expect(rig.engine).toMatchObject({ alive: true, pingMs: 10 });
    expect(rig.engine.counters.deaths).toBe(1);
    expectBalance(rig.engine);
  });

  test('is looked for at the very moment it is found dead', () => {
    const rig = new Rig();
    rig.start();
    rig.nowMs += 300;
    rig.answer(0);
    rig.pass(HEARTBEAT_INTERVAL_MS);
    rig.nowMs += 50;
    rig.answer(1);
    const heardMs = rig.nowMs;
    rig.pass(PATH_DEAD_MS - 1);
    const sent = rig.probes.length;
    rig.pass(1);
    expect(rig.nowMs).toBe(heardMs + PATH_DEAD_MS);
    expect([rig.engine.alive, rig.probes.length]).toEqual([false, sent + 1]);
  });

  test('takes only answers to probes it waits for, once, under its own key and token', () => {
    const rig = new Rig();
    rig.start();
    expect(rig.answer(0, { kind: KIND_PROBE })).toBe(false);
    expect(rig.answer(0, { token: TOKEN + 1 })).toBe(false);
    expect(rig.answer(0, { key: new Uint8Array(32) })).toBe(false);
    expect(rig.engine.handleDatagram(new Uint8Array(40), 40, rig.nowMs, rig.out)).toBe(false);
    expect(rig.engine.alive).toBe(false);
    expect(rig.answer(0)).toBe(true);
    expect(rig.answer(0)).toBe(false);
    expect(rig.engine.counters).toMatchObject({
      received: 6,
      notAnswer: 1,
      wrongToken: 1,
      forged: 1,
      malformed: 1,
      answers: 1,
      unexpected: 1,
    });
    expectBalance(rig.engine);
  });

  test('waits for a bounded number of answers, each for five seconds', () => {
    const rig = new Rig();
    for (let count = 0; count < 100; count += 1) rig.start();
    expect(rig.engine.outstanding).toBe(MAX_OUTSTANDING_PROBES);
    expectBalance(rig.engine);
    rig.nowMs += PATH_DEAD_MS;
    rig.start();
    expect(rig.engine.outstanding).toBe(1);
    expect(rig.answer(99)).toBe(false);
    expectBalance(rig.engine);
  });
});

test('a path key has 32 bytes', () => {
  expect(() => new PathEngine({ token: 1, pathKey: new Uint8Array(31), mac })).toThrow(/32 bytes/);
});
