import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import type { VoicePath } from '../wire/control.ts';
import {
  createProbe,
  decodeProbe,
  encodeProbe,
  KIND_CHALLENGE,
  KIND_PROBE,
  KIND_REPLY,
  PROBE_COOKIE_BYTES,
  type Probe,
  type ProbeKind,
  verifyProbe,
} from '../wire/probe.ts';
import {
  DEAF_AFTER_MS,
  HEARTBEAT_INTERVAL_MS,
  LANE_FALLBACK_MS,
  MAX_OUTSTANDING_PROBES,
  PATH_DEAD_MS,
  PathEngine,
  SEEK_FAST_MS,
  SEEK_INTERVAL_MS,
  SEEK_SLOW_INTERVAL_MS,
  STEADY_ANSWERS,
} from './path-engine.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();
const pathKey = Uint8Array.from({ length: 32 }, (_, at) => at);
const TOKEN = 0x1234_5678;
const COOKIE = new Uint8Array(PROBE_COOKIE_BYTES).fill(0xc0);
const NO_COOKIE = new Uint8Array(PROBE_COOKIE_BYTES);

interface Sent {
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

class Rig {
  nowMs = 1_000;
  readonly udp: Sent[] = [];
  readonly lane: Sent[] = [];
  readonly changes: { readonly path: VoicePath; readonly atMs: number }[] = [];
  readonly engine = new PathEngine({ token: TOKEN, pathKey, mac });
  readonly out = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void => {
      this.udp.push({ bytes: bytes.slice(0, lengthBytes), atMs: this.nowMs });
    },
    sendLaneDatagram: (bytes: Uint8Array, lengthBytes: number): void => {
      this.lane.push({ bytes: bytes.slice(0, lengthBytes), atMs: this.nowMs });
    },
    onDidChangeVoicePath: (path: VoicePath): void => {
      expect(this.engine.voicePath).toBe(path);
      this.changes.push({ path, atMs: this.nowMs });
    },
  };

  start(): void {
    this.engine.handleStart(this.nowMs, this.out);
  }

  /** Moves the clock, calling the engine at its deadlines; answers each probe of the given ways at once. */
  pass(durationMs: number, ...answered: VoicePath[]): void {
    const untilMs = this.nowMs + durationMs;
    while (true) {
      const deadlineMs = this.engine.nextDeadlineMs();
      if (deadlineMs === null || deadlineMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, deadlineMs);
      const before = { udp: this.udp.length, lane: this.lane.length };
      this.engine.handleDeadline(this.nowMs, this.out);
      for (const way of answered) {
        if (this[way].length > before[way]) expect(this.answer(way, this[way].length - 1)).toBe(true);
      }
    }
    this.nowMs = untilMs;
  }

  probe(way: VoicePath, at: number): Probe {
    const probe = createProbe();
    const bytes = this[way][at]?.bytes ?? new Uint8Array();
    expect(decodeProbe(bytes, bytes.length, probe)).toEqual({ ok: true });
    return probe;
  }

  /** Answers probe number `at` of `way`. @returns what the engine said */
  answer(
    way: VoicePath,
    at: number,
    change: {
      kind?: ProbeKind;
      token?: number;
      key?: Uint8Array;
      cookie?: Uint8Array;
      over?: VoicePath;
    } = {},
  ): boolean {
    const bytes = new Uint8Array(64);
    const { kind = KIND_REPLY, token = TOKEN, key = pathKey, cookie = NO_COOKIE, over = way } = change;
    const probe = { kind, clockMicroseconds: this.probe(way, at).clockMicroseconds, cookie };
    const lengthBytes = encodeProbe(probe, token as SessionToken, 0 as SeqNo, key, mac, bytes);
    return over === 'udp'
      ? this.engine.handleDatagram(bytes, lengthBytes, this.nowMs, this.out)
      : this.engine.handleLaneDatagram(bytes, lengthBytes, this.nowMs, this.out);
  }

  challenge(at: number, cookie = COOKIE): boolean {
    return this.answer('udp', at, { kind: KIND_CHALLENGE, cookie });
  }

  intervals(way: VoicePath, from: number): number[] {
    const sent = this[way].slice(from);
    return sent.slice(1).map(({ atMs }, at) => atMs - (sent[at]?.atMs ?? 0));
  }
}

function expectBalance(engine: PathEngine): void {
  const counters = engine.counters;
  const { answers, challenges, malformed, wrongToken, notAnswer, unexpected, forged } = counters;
  expect(counters.probesSent).toBe(answers + challenges + counters.probesLost + engine.outstanding);
  expect(counters.received).toBe(
    answers + challenges + malformed + wrongToken + notAnswer + unexpected + forged,
  );
}

describe('the way by UDP', () => {
  test('is looked for every 200 ms with clocks that grow, signed by the session', () => {
    const rig = new Rig();
    expect(rig.engine.nextDeadlineMs()).toBeNull();
    rig.start();
    rig.pass(5 * SEEK_INTERVAL_MS);
    expect(rig.udp.length).toBe(6);
    for (const { bytes } of rig.udp) expect(verifyProbe(bytes, bytes.length, pathKey, mac)).toBe(true);
    const clocks = rig.udp.map((_, at) => rig.probe('udp', at).clockMicroseconds);
    expect(clocks).toEqual([...new Set(clocks)].sort((a, b) => a - b));
    expect(clocks[0]).toBe(1_000_000);
    expect(rig.engine).toMatchObject({ alive: false, pingMs: null, lastHeardMs: null, voicePath: 'udp' });
  });

  test('has clocks that grow even when time does not', () => {
    const rig = new Rig();
    for (let count = 0; count < 3; count += 1) rig.start();
    const clockOf = (at: number): number => rig.probe('udp', at).clockMicroseconds;
    expect([clockOf(0), clockOf(1), clockOf(2)]).toEqual([1_000_000, 1_000_001, 1_000_002]);
    rig.nowMs = 500;
    rig.start();
    expect(clockOf(3)).toBe(1_000_003);
  });

  test('is alive with the first answer and then beats once a second', () => {
    const rig = new Rig();
    rig.start();
    rig.nowMs += 37;
    expect(rig.answer('udp', 0)).toBe(true);
    expect(rig.engine).toMatchObject({ alive: true, pingMs: 37, lastHeardMs: 1_037 });
    rig.pass(10 * HEARTBEAT_INTERVAL_MS, 'udp');
    expect(rig.udp.length).toBe(11);
    expect([rig.lane.length, rig.changes.length]).toEqual([0, 0]);
    // Ten answers after no time at all pull the smoothed round trip towards zero.
    expect(rig.engine.pingMs).toBeCloseTo(37 * (7 / 8) ** 10, 9);
    expectBalance(rig.engine);
  });

  test('is dead five seconds after the last answer, and looked for at that very moment', () => {
    const rig = new Rig();
    rig.start();
    rig.nowMs += 300;
    rig.answer('udp', 0);
    rig.pass(HEARTBEAT_INTERVAL_MS);
    rig.nowMs += 50;
    rig.answer('udp', 1);
    const heardMs = rig.nowMs;
    rig.pass(PATH_DEAD_MS - 1);
    expect(rig.engine.alive).toBe(true);
    const sent = rig.udp.length;
    rig.pass(1);
    expect(rig.nowMs).toBe(heardMs + PATH_DEAD_MS);
    expect([rig.engine.alive, rig.engine.pingMs, rig.udp.length]).toEqual([false, null, sent + 1]);
    expect(rig.engine.counters.deaths).toBe(1);
  });

  test('takes only answers to probes it waits for, once, under its own key and token, by their own way', () => {
    const rig = new Rig();
    rig.start();
    expect(rig.answer('udp', 0, { kind: KIND_PROBE })).toBe(false);
    expect(rig.answer('udp', 0, { token: TOKEN + 1 })).toBe(false);
    expect(rig.answer('udp', 0, { key: new Uint8Array(32) })).toBe(false);
    expect(rig.answer('udp', 0, { over: 'lane' })).toBe(false);
    expect(rig.answer('udp', 0, { kind: KIND_CHALLENGE, over: 'lane' })).toBe(false);
    expect(rig.engine.handleDatagram(new Uint8Array(48), 48, rig.nowMs, rig.out)).toBe(false);
    expect(rig.engine.alive).toBe(false);
    expect(rig.answer('udp', 0)).toBe(true);
    expect(rig.answer('udp', 0)).toBe(false);
    expect(rig.engine.counters).toMatchObject({
      received: 8,
      notAnswer: 2,
      wrongToken: 1,
      forged: 1,
      malformed: 1,
      answers: 1,
      unexpected: 2,
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
    expect(rig.answer('udp', 99)).toBe(false);
    expectBalance(rig.engine);
  });
});

describe('a challenge', () => {
  test('is no answer, and makes the next probe carry its cookie at once', () => {
    const rig = new Rig();
    rig.start();
    expect(rig.probe('udp', 0).cookie).toEqual(NO_COOKIE);
    rig.nowMs += 20;
    expect(rig.challenge(0)).toBe(false);
    expect(rig.udp.map(({ atMs }) => atMs)).toEqual([1_000, 1_020]);
    expect(rig.probe('udp', 1).cookie).toEqual(COOKIE);
    expect(rig.engine).toMatchObject({ alive: false, lastHeardMs: null });
    rig.nowMs += 20;
    expect(rig.answer('udp', 1)).toBe(true);
    // Measured from the probe that was answered.
    expect(rig.engine).toMatchObject({ alive: true, pingMs: 20 });
    expectBalance(rig.engine);
  });

  test('of a moved NAT costs a round trip, not the path', () => {
    const rig = new Rig();
    rig.start();
    rig.answer('udp', 0);
    rig.pass(HEARTBEAT_INTERVAL_MS);
    rig.challenge(1, new Uint8Array(PROBE_COOKIE_BYTES).fill(1));
    expect(rig.probe('udp', 2).cookie).toEqual(new Uint8Array(PROBE_COOKIE_BYTES).fill(1));
    rig.answer('udp', 2);
    expect(rig.engine).toMatchObject({ alive: true, voicePath: 'udp' });
    expect(rig.engine.counters).toMatchObject({ answers: 2, challenges: 1, deaths: 0 });
  });

  test('after each and every probe makes no storm', () => {
    const rig = new Rig();
    rig.start();
    let challenged = 0;
    for (let ms = 0; ms < 1_000; ms += 1) {
      for (; challenged < rig.udp.length; challenged += 1) {
        rig.challenge(challenged, new Uint8Array(PROBE_COOKIE_BYTES).fill(challenged));
      }
      rig.pass(1);
    }
    expect(rig.udp.length).toBeLessThanOrEqual(2 * (1_000 / SEEK_INTERVAL_MS) + 1);
    expectBalance(rig.engine);
  });

  test('that is forged, late or a repetition changes no cookie', () => {
    const rig = new Rig();
    rig.start();
    rig.answer('udp', 0, { kind: KIND_CHALLENGE, cookie: COOKIE, key: new Uint8Array(32) });
    rig.answer('udp', 0);
    rig.challenge(0);
    rig.pass(HEARTBEAT_INTERVAL_MS);
    expect(rig.probe('udp', 1).cookie).toEqual(NO_COOKIE);
    expect(rig.engine.counters).toMatchObject({ forged: 1, unexpected: 1, challenges: 0 });
  });
});

describe('voice', () => {
  test('takes the lane when UDP has not answered in time, and not before', () => {
    const rig = new Rig();
    rig.start();
    rig.pass(LANE_FALLBACK_MS - 1);
    expect([rig.engine.voicePath, rig.lane.length]).toEqual(['udp', 0]);
    rig.pass(1);
    expect(rig.changes).toEqual([{ path: 'lane', atMs: 1_000 + LANE_FALLBACK_MS }]);
    expect([rig.engine.voicePath, rig.lane.length, rig.engine.counters.deaths]).toEqual(['lane', 1, 0]);
  });

  test('takes the lane when a living UDP path dies', () => {
    const rig = new Rig();
    rig.start();
    rig.answer('udp', 0);
    rig.pass(60_000, 'udp');
    expect(rig.changes).toEqual([]);
    const heardMs = rig.engine.lastHeardMs ?? 0;
    rig.pass(2 * PATH_DEAD_MS, 'lane');
    expect(rig.changes).toEqual([{ path: 'lane', atMs: heardMs + PATH_DEAD_MS }]);
    expect(rig.engine).toMatchObject({ alive: true, pingMs: 0 });
  });

  test('in the lane has a heartbeat of its own there', () => {
    const rig = new Rig();
    rig.start();
    rig.pass(LANE_FALLBACK_MS);
    rig.nowMs += 80;
    expect(rig.answer('lane', 0)).toBe(true);
    expect(rig.engine).toMatchObject({ alive: true, pingMs: 80, lastHeardMs: rig.nowMs });
    rig.pass(10 * HEARTBEAT_INTERVAL_MS, 'lane');
    expect(new Set(rig.intervals('lane', 0))).toEqual(new Set([HEARTBEAT_INTERVAL_MS]));
    rig.pass(PATH_DEAD_MS);
    expect(rig.engine).toMatchObject({ alive: false, voicePath: 'lane', pingMs: null });
    expect(rig.engine.counters.deaths).toBe(1);
    expectBalance(rig.engine);
  });

  test('in the lane goes on looking for UDP, at first often, then seldom, without end', () => {
    const rig = new Rig();
    rig.start();
    rig.pass(SEEK_FAST_MS);
    expect(new Set(rig.intervals('udp', 0))).toEqual(new Set([SEEK_INTERVAL_MS]));
    const fast = rig.udp.length;
    rig.pass(3_600_000, 'lane');
    expect(new Set(rig.intervals('udp', fast))).toEqual(new Set([SEEK_SLOW_INTERVAL_MS]));
    expect(rig.udp.length).toBeGreaterThan(fast + 1_790);
    expect(rig.changes.length).toBe(1);
    expectBalance(rig.engine);
  });

  test('goes back to UDP after three answers in a row, within a second of the first', () => {
    const rig = new Rig();
    rig.start();
    rig.pass(60_000, 'lane');
    rig.pass(SEEK_SLOW_INTERVAL_MS, 'lane');
    const firstMs = rig.nowMs;
    rig.answer('udp', rig.udp.length - 1);
    expect(rig.engine.voicePath).toBe('lane');
    rig.pass(1_000, 'udp', 'lane');
    const [, back] = rig.changes;
    expect(back).toEqual({ path: 'udp', atMs: firstMs + (STEADY_ANSWERS - 1) * SEEK_INTERVAL_MS });
    expect(rig.engine).toMatchObject({ alive: true, voicePath: 'udp' });
    const beats = rig.lane.length;
    rig.pass(10_000, 'udp');
    expect([rig.lane.length, rig.changes.length]).toEqual([beats, 2]);
    expectBalance(rig.engine);
  });

  test('does not go back while only some probes are answered', () => {
    const rig = new Rig();
    rig.start();
    rig.pass(LANE_FALLBACK_MS);
    let seen = rig.udp.length;
    for (let ms = 0; ms < 60_000; ms += 50) {
      rig.pass(50, 'lane');
      // Two are answered, the third is lost.
      for (; seen < rig.udp.length; seen += 1) if (seen % 3 !== 0) rig.answer('udp', seen);
    }
    expect(rig.changes.length).toBe(1);
    expect(rig.engine.counters.answers).toBeGreaterThan(100);
  });

  test('is deaf from three seconds on, through a change of ways, until the present one answers', () => {
    const rig = new Rig();
    expect(rig.engine.deafForMs(99_999)).toBeNull();
    rig.start();
    rig.answer('udp', 0);
    rig.pass(DEAF_AFTER_MS - 1);
    expect(rig.engine.deafForMs(rig.nowMs)).toBeNull();
    rig.pass(1);
    expect(rig.engine.deafForMs(rig.nowMs)).toBe(DEAF_AFTER_MS);
    rig.pass(PATH_DEAD_MS);
    expect([rig.engine.voicePath, rig.engine.deafForMs(rig.nowMs)]).toEqual([
      'lane',
      DEAF_AFTER_MS + PATH_DEAD_MS,
    ]);
    // UDP works again, but voice does not take it yet.
    rig.answer('udp', rig.udp.length - 1);
    expect(rig.engine.deafForMs(rig.nowMs)).toBe(DEAF_AFTER_MS + PATH_DEAD_MS);
    rig.pass(HEARTBEAT_INTERVAL_MS, 'lane');
    expect(rig.engine.deafForMs(rig.nowMs)).toBeNull();
  });

  test('that was never heard is deaf since the start', () => {
    const rig = new Rig();
    rig.start();
    rig.pass(10_000);
    expect(rig.engine.deafForMs(rig.nowMs)).toBe(10_000);
  });
});

const numRuns = Number(process.env.FUZZ_RUNS ?? 100);

test('whatever is answered, totals balance and the way goes back and forth', {
  timeout: 10_000 + 20 * numRuns,
}, () => {
  const step = fc.record({
    what: fc.constantFrom('reply', 'challenge', 'probe', 'noise'),
    way: fc.constantFrom<VoicePath[]>('udp', 'lane'),
    over: fc.constantFrom<VoicePath[]>('udp', 'lane'),
    back: fc.nat(3),
    waitMs: fc.nat(3_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const rig = new Rig();
      rig.start();
      for (const { what, way, over, back, waitMs } of steps) {
        rig.pass(waitMs);
        const at = rig[way].length - 1 - back;
        if (what === 'noise') rig.engine.handleDatagram(new Uint8Array(back), back, rig.nowMs, rig.out);
        else if (at >= 0) {
          const kind = { reply: KIND_REPLY, challenge: KIND_CHALLENGE, probe: KIND_PROBE } as const;
          rig.answer(way, at, { kind: kind[what], over, cookie: COOKIE });
        }
        expectBalance(rig.engine);
        expect(rig.engine.outstanding).toBeLessThanOrEqual(MAX_OUTSTANDING_PROBES);
      }
      rig.changes.forEach(({ path }, at) => {
        expect(path).toBe(at % 2 === 0 ? 'lane' : 'udp');
      });
    }),
    { numRuns },
  );
});

test('a path key has 32 bytes', () => {
  expect(() => new PathEngine({ token: 1, pathKey: new Uint8Array(31), mac })).toThrow(/32 bytes/);
});
