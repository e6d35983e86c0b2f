import { describe, expect, test } from 'vitest';
import { RecordedSession, recordedLogin, welcomeFor } from '../sim/recorded-session.ts';
import { memberFor, simIdentity } from '../sim/sim-room.ts';
import { PROTOCOL_VERSION, type RelayMessage } from '../wire/control.ts';
import type { RefusalCode } from '../wire/refusal.ts';
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, BACKOFF_HASTE_MS, backoffMs } from './backoff.ts';
import { MAX_SHORT_LANES, SHORT_LANE_MS } from './reconnection.ts';
import { LANE_DEAD_MS, RECONNECT_LIMIT_MS } from './session-engine.ts';

const ben = memberFor(8, { nickname: 'Ben' });
const hello = { type: 'hello', protocol: PROTOCOL_VERSION, nickname: 'Anna', identity: simIdentity(7) };

function refused(code: RefusalCode): RelayMessage {
  return { type: 'refused', code, rule: null, request: null, chat: null };
}

describe('a lost session', () => {
  test('is noticed when the lane says nothing for long enough', () => {
    const session = new RecordedSession();
    session.enter();
    session.pass(LANE_DEAD_MS - 1);
    expect(session.engine.phase).toBe('connected');
    session.pass(1);
    expect(session.engine.phase).toBe('waiting');
    expect(session.engine).toMatchObject({ attempt: 1, tcpPingMs: null });
    expect(session.closed).toBe(1);
    expect(session.engine.counters.lanesDead).toBe(1);
  });

  test('goes on where the relay held it, and says nothing twice', () => {
    const session = new RecordedSession();
    session.enter();
    session.engine.setState({ muted: true, deafened: true }, session.nowMs, session.out);
    session.engine.setVoicePath('lane', session.nowMs, session.out);
    const inKitchen = memberFor(7, { channel: 2, muted: true, deafened: true });
    session.hear({ type: 'memberChanged', member: inKitchen });
    session.takeSent();
    const resumed = { resumed: true, resumeSecret: `${'E'.repeat(42)}A`, members: [inKitchen, ben] };
    session.comeBack(welcomeFor(7, resumed));
    const resume = { token: 7, secret: 'A'.repeat(43), chatSeen: 0 };
    expect(session.takeSent()).toEqual([
      { ...hello, resume },
      { type: 'login', ...recordedLogin },
      { type: 'ping', id: 2 },
    ]);
    expect(session.engine.members).toEqual([inKitchen, ben]);
    expect(session.engine).toMatchObject({ phase: 'connected', token: 7, attempt: 0 });
    expect(session.engine.counters).toMatchObject({ welcomes: 2, resumes: 1 });
    // Voice begins with UDP again.
    session.engine.setVoicePath('udp', session.nowMs, session.out);
    expect(session.takeSent()).toEqual([]);
    session.laneClosed();
    session.passPause();
    session.laneOpened();
    expect(session.takeSent()).toEqual([{ ...hello, resume: { ...resume, secret: resumed.resumeSecret } }]);
  });

  test('tells a resumed session what changed meanwhile, and follows where others moved it', () => {
    const session = new RecordedSession();
    session.enter();
    session.laneClosed();
    session.engine.setState({ muted: true, deafened: false }, session.nowMs, session.out);
    session.passPause();
    session.takeSent();
    const moved = memberFor(7, { channel: 2, identity: simIdentity(7) });
    session.greet(welcomeFor(7, { resumed: true, members: [moved] }));
    expect(session.takeSent().slice(2)).toEqual([
      { type: 'state', muted: true, deafened: false },
      { type: 'ping', id: 2 },
    ]);
    session.laneClosed();
    expect(session.engine.joinChannel(1, session.nowMs, session.out)).toBeNull();
    session.passPause();
    session.takeSent();
    session.greet(welcomeFor(7, { resumed: true, members: [{ ...moved, muted: true }] }));
    expect(session.takeSent().slice(2)).toEqual([
      { type: 'request', id: 1, request: { kind: 'join', channel: 1 } },
      { type: 'ping', id: 3 },
    ]);
  });

  test('tells a new session everything: state, channel and its password', () => {
    const session = new RecordedSession();
    session.enter();
    session.engine.setState({ muted: true, deafened: true }, session.nowMs, session.out);
    session.engine.joinChannel(2, session.nowMs, session.out, 'soup');
    session.hear({ type: 'memberChanged', member: memberFor(7, { channel: 2 }) });
    session.hear({ type: 'done', id: 1 });
    session.laneClosed();
    expect(session.engine.members.length).toBe(1);
    session.passPause();
    session.laneOpened();
    session.logIn();
    session.takeSent();
    session.hear(welcomeFor(20));
    expect(session.takeSent()).toEqual([
      { type: 'state', muted: true, deafened: true },
      { type: 'request', id: 2, request: { kind: 'join', channel: 2, password: 'soup' } },
      { type: 'ping', id: 2 },
    ]);
    expect(session.engine).toMatchObject({ phase: 'connected', token: 20, attempt: 0 });
    expect(session.welcomes.length).toBe(2);
  });

  test('stays where it lands when its channel is gone, and out of channels when it was out', () => {
    const session = new RecordedSession();
    session.enter();
    session.engine.joinChannel(2, session.nowMs, session.out);
    session.laneClosed();
    session.passPause();
    session.laneOpened();
    session.logIn();
    session.takeSent();
    session.hear(welcomeFor(20, { channels: welcomeFor(20).channels.slice(0, 1) }));
    expect(session.takeSent()).toEqual([{ type: 'ping', id: 2 }]);

    session.engine.joinChannel(null, session.nowMs, session.out);
    session.laneClosed();
    session.passPause();
    session.laneOpened();
    session.logIn();
    session.takeSent();
    session.hear(welcomeFor(21));
    expect(session.takeSent()).toEqual([{ type: 'leave' }, { type: 'ping', id: 3 }]);
  });

  test.each<RefusalCode>(['nicknameTaken', 'roomFull', 'tooManyMessages', 'badSignature', 'relayRestarting'])(
    'tries again after %s',
    (code) => {
      const session = new RecordedSession();
      session.enter();
      session.laneClosed();
      session.passPause();
      session.laneOpened();
      session.hear(refused(code));
      expect(session.engine).toMatchObject({ phase: 'waiting', attempt: 2 });
      expect([session.ends.length, session.closed]).toEqual([0, 1]);
    },
  );

  test('asks for a new session when the relay no longer holds the old one', () => {
    const session = new RecordedSession();
    session.enter();
    session.laneClosed();
    session.passPause();
    session.laneOpened();
    session.hear(refused('resumeFailed'));
    session.passPause();
    session.takeSent();
    session.laneOpened();
    expect(session.takeSent()).toEqual([hello]);
  });

  test('is not resumed under another token', () => {
    const session = new RecordedSession();
    session.enter();
    session.comeBack(welcomeFor(8, { resumed: true }));
    expect(session.engine.phase).toBe('greeting');
    session.hear(welcomeFor(7, { resumed: true, chatTaken: 1 }));
    expect(session.engine.phase).toBe('greeting');
    session.hear(welcomeFor(7, { resumed: true }));
    expect(session.engine.phase).toBe('connected');
  });

  test.each<RefusalCode>([
    'versionUnsupported',
    'nicknameInvalid',
    'relayClosing',
    'banned',
    'kicked',
    'signedInElsewhere',
  ])('ends with %s', (code) => {
    const session = new RecordedSession();
    session.enter();
    session.laneClosed();
    session.passPause();
    session.laneOpened();
    session.hear(refused(code));
    expect(session.ends).toMatchObject([{ kind: 'refused', code }]);
  });

  test('ends with a certificate that is not the one it knew', () => {
    const session = new RecordedSession();
    session.enter();
    session.laneClosed();
    session.passPause();
    session.laneClosed('certificate');
    expect(session.ends).toMatchObject([{ kind: 'failed', failure: 'certificate' }]);
  });

  test('is given up when an attempt fails after two minutes; the last one begins at the limit', () => {
    const session = new RecordedSession();
    session.enter();
    const lostMs = session.nowMs;
    session.laneClosed();
    let lastAttemptMs = 0;
    while (session.ends.length === 0) {
      session.passPause();
      lastAttemptMs = session.nowMs - lostMs;
      session.laneClosed('unreachable');
    }
    expect(lastAttemptMs).toBe(RECONNECT_LIMIT_MS);
    expect(session.ends).toMatchObject([{ kind: 'gaveUp', failure: 'unreachable' }]);
    expect(session.engine).toMatchObject({ phase: 'idle', token: null, attempt: 0 });
  });

  test('has the whole two minutes again after it was won back', () => {
    const session = new RecordedSession();
    session.enter();
    for (let round = 0; round < 5; round += 1) {
      session.laneClosed();
      session.passPause();
      session.nowMs += 60_000;
      session.laneClosed('unreachable');
      session.passPause();
      session.greet(welcomeFor(30 + round));
    }
    expect(session.engine.phase).toBe('connected');
    expect(session.ends).toEqual([]);
  });

  test('is not hurried for when lane after lane is lost soon after its welcome', () => {
    const session = new RecordedSession();
    session.enter();
    const pausesMs: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      session.laneClosed();
      pausesMs.push(session.passPause());
      session.greet(welcomeFor(7, { resumed: true }));
    }
    expect(Math.max(...pausesMs.slice(0, MAX_SHORT_LANES))).toBeLessThanOrEqual(BACKOFF_BASE_MS);
    // Full jitter: half the cap on average.
    const late = pausesMs.slice(10);
    expect(late.reduce((sum, pauseMs) => sum + pauseMs, 0) / late.length).toBeGreaterThan(BACKOFF_CAP_MS / 4);
    session.pass(SHORT_LANE_MS);
    session.laneClosed();
    expect(session.passPause()).toBeLessThanOrEqual(BACKOFF_BASE_MS);
  });

  test('is left at once when the person leaves while it waits', () => {
    const session = new RecordedSession();
    session.enter();
    session.laneClosed();
    session.engine.handleLeave(session.nowMs, session.out);
    session.pass(300_000);
    expect(session.ends).toEqual([{ kind: 'left', sentence: '' }]);
    expect([session.opened, session.closed]).toEqual([1, 0]);
  });
});

test('one session at a time', () => {
  const session = new RecordedSession();
  session.connect();
  expect(() => session.connect()).toThrow(/one session/);
});

test('pauses are short at first, then double up to the cap, and use the whole range', () => {
  const almostOne = { next: () => 0.999_999 };
  const attempts = [1, 2, 3, 4, 5, 6, 7, 60, 2_000];
  const pauses = attempts.map((attempt) => Math.round(backoffMs(attempt, BACKOFF_HASTE_MS, almostOne)));
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000]);
  const hasty = [1, 2, 3, 20].map((attempt) =>
    Math.round(backoffMs(attempt, BACKOFF_HASTE_MS - 1, almostOne)),
  );
  expect(hasty).toEqual([500, 1_000, 1_000, 1_000]);
  expect(backoffMs(3, 0, { next: () => 0 })).toBe(0);
  expect([BACKOFF_BASE_MS, BACKOFF_CAP_MS]).toEqual([500, 15_000]);
});
