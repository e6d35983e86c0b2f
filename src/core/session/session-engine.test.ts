import { describe, expect, test } from 'vitest';
import { RecordedSession, welcomeFor } from '../sim/recorded-session.ts';
import { MAX_CHANNELS, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import { MAX_CONTROL_LENGTH, type MemberInfo } from '../wire/control.ts';
import type { RefusalCode } from '../wire/refusal.ts';
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, backoffMs } from './backoff.ts';
import {
  CONNECT_TIMEOUT_MS,
  GREETING_TIMEOUT_MS,
  LANE_DEAD_MS,
  type LaneFailure,
  PING_INTERVAL_MS,
  RECONNECT_LIMIT_MS,
} from './session-engine.ts';

const ben: MemberInfo = { token: 8, nickname: 'Ben', channel: 1, muted: false, deafened: false };

function refused(code: RefusalCode) {
  return { type: 'refused', code, sentence: 'words of the relay' } as const;
}

describe('connecting', () => {
  test('opens a lane, says hello, and is connected with the welcome', () => {
    const session = new RecordedSession();
    expect(session.engine.nextDeadlineMs()).toBeNull();
    session.connect('Anna');
    expect(session.engine.phase).toBe('connecting');
    session.laneOpened();
    expect(session.engine.phase).toBe('greeting');
    expect(session.sent).toEqual([{ type: 'hello', protocol: 1, nickname: 'Anna' }]);
    session.hear(welcomeFor(7));
    expect(session.engine).toMatchObject({
      phase: 'connected',
      token: 7,
      roomName: 'Recorded room',
      attempt: 0,
    });
    expect(session.engine.ownChannel?.name).toBe('Lobby');
    expect(session.welcomes).toEqual([welcomeFor(7)]);
    expect(session.sent.slice(1)).toEqual([{ type: 'ping', id: 1 }]);
    expect(session.opened).toBe(1);
  });

  test.each<LaneFailure>(['refused', 'unreachable', 'timeout', 'certificate', 'closed', 'nameNotFound'])(
    'that fails as %s ends with a sentence of its own and is not tried again',
    (failure) => {
      const session = new RecordedSession();
      session.connect();
      session.laneClosed(failure);
      expect(session.ends).toMatchObject([{ kind: 'failed', failure }]);
      expect(session.ends[0]?.sentence).toMatch(/^[A-Z].{20,}\.$/);
      session.pass(300_000);
      expect([session.opened, session.closed]).toEqual([1, 0]);
    },
  );

  test.each<RefusalCode>([
    'versionUnsupported',
    'nicknameTaken',
    'nicknameInvalid',
    'roomFull',
    'tooManyMessages',
  ])('that is refused with %s ends with our own sentence, never the relay’s', (code) => {
    const session = new RecordedSession();
    session.connect();
    session.laneOpened();
    session.hear(refused(code));
    expect(session.ends).toMatchObject([{ kind: 'refused', code }]);
    expect(session.ends[0]?.sentence).not.toContain('words of the relay');
    expect([session.engine.phase, session.closed, session.opened]).toEqual(['idle', 1, 1]);
  });

  test('gives up at the timeouts, not before', () => {
    const session = new RecordedSession();
    session.connect();
    session.pass(CONNECT_TIMEOUT_MS - 1);
    session.laneOpened();
    session.pass(GREETING_TIMEOUT_MS - 1);
    expect(session.ends).toEqual([]);
    session.pass(1);
    expect(session.ends).toMatchObject([{ kind: 'failed', failure: 'timeout' }]);
    expect(session.closed).toBe(1);

    const slow = new RecordedSession();
    slow.connect();
    slow.pass(CONNECT_TIMEOUT_MS);
    expect(slow.ends).toMatchObject([{ kind: 'failed', failure: 'timeout' }]);
  });

  test('can be called off, and begun again', () => {
    const session = new RecordedSession();
    session.connect();
    session.engine.handleLeave(session.nowMs, session.out);
    expect(session.ends).toEqual([{ kind: 'left', sentence: '' }]);
    expect(session.closed).toBe(1);
    session.laneOpened();
    expect(session.sent).toEqual([]);
    session.enter();
    expect(session.engine.phase).toBe('connected');
  });
});

describe('a connected session', () => {
  test('keeps the member list', () => {
    const session = new RecordedSession();
    session.enter();
    session.hear({ type: 'memberJoined', member: ben });
    session.hear({ type: 'memberChanged', member: { ...ben, muted: true, channel: 2 } });
    expect(session.engine.members).toEqual([welcomeFor(7).members[0], { ...ben, muted: true, channel: 2 }]);
    session.hear({ type: 'memberLeft', token: 8 });
    expect(session.engine.members.length).toBe(1);
    const [lobby] = session.engine.channels;
    if (lobby === undefined) throw new Error('no channel');
    session.hear({ type: 'channelChanged', channel: { ...lobby, name: 'Hall' } });
    expect(session.engine.ownChannel?.name).toBe('Hall');
  });

  test('counts and ignores what does not fit, and what is no message', () => {
    const session = new RecordedSession();
    session.enter();
    const members = session.engine.members;
    session.hear({ type: 'memberJoined', member: { ...ben, token: 7 } });
    session.hear({ type: 'memberChanged', member: ben });
    session.hear({ type: 'memberLeft', token: 99 });
    session.hear({ type: 'memberLeft', token: 7 });
    session.hear({ type: 'pong', id: 77 });
    session.hear(welcomeFor(9));
    for (const text of ['', '{', 'null', '[]', '{"type":"memberLeft"}', 'x'.repeat(MAX_CONTROL_LENGTH + 1)]) {
      session.hearText(text);
    }
    expect(session.engine.members).toBe(members);
    expect(session.engine.token).toBe(7);
    expect(session.engine.counters).toMatchObject({
      messages: 13,
      messagesAccepted: 1,
      messagesUnexpected: 6,
      messagesMalformed: 6,
    });
  });

  test('never holds more members than a room may have', () => {
    const session = new RecordedSession();
    session.enter();
    for (let token = 100; token < 100 + MAX_ROOM_MEMBERS; token += 1) {
      session.hear({ type: 'memberJoined', member: { ...ben, token } });
    }
    expect(session.engine.members.length).toBe(MAX_ROOM_MEMBERS);
    expect(session.engine.counters.messagesUnexpected).toBe(1);
  });

  test('never holds more channels than a room may have', () => {
    const session = new RecordedSession();
    session.enter();
    const [lobby] = session.engine.channels;
    if (lobby === undefined) throw new Error('no channel');
    for (let id = 3; id <= MAX_CHANNELS + 1; id += 1) {
      session.hear({ type: 'channelChanged', channel: { ...lobby, id } });
    }
    expect(session.engine.channels.length).toBe(MAX_CHANNELS);
    session.hear({ type: 'channelChanged', channel: { ...lobby, name: 'Hall' } });
    expect(session.engine.channels[0]?.name).toBe('Hall');
    expect(session.engine.counters.messagesUnexpected).toBe(1);
  });

  test.each([
    ['without us', { ...welcomeFor(7), token: 9 }],
    [
      'with a member twice',
      { ...welcomeFor(7), members: [...welcomeFor(7).members, ...welcomeFor(7).members] },
    ],
    [
      'with a channel twice',
      { ...welcomeFor(7), channels: [...welcomeFor(7).channels, ...welcomeFor(7).channels] },
    ],
    ['with a key that is none', { ...welcomeFor(7), pathKey: '!'.repeat(43) }],
  ])('does not begin with a welcome %s', (_what, welcome) => {
    const session = new RecordedSession();
    session.enter(welcome);
    expect(session.engine.phase).toBe('greeting');
    expect(session.engine.members).toEqual([]);
    expect(session.engine.counters).toMatchObject({ messagesUnexpected: 1, welcomes: 0 });
  });

  test('pings every ten seconds and smooths the answers', () => {
    const session = new RecordedSession();
    session.enter();
    session.nowMs += 40;
    session.hear({ type: 'pong', id: 1 });
    expect(session.engine.tcpPingMs).toBe(40);
    session.pass(PING_INTERVAL_MS - 40);
    expect(session.sent.at(-1)).toEqual({ type: 'ping', id: 2 });
    session.nowMs += 120;
    session.hear({ type: 'pong', id: 1 });
    session.hear({ type: 'pong', id: 2 });
    session.hear({ type: 'pong', id: 2 });
    expect(session.engine.tcpPingMs).toBe(50);
    expect(session.engine.counters.messagesUnexpected).toBe(2);
  });

  test('tells its state and channel, once each, and shows what was refused', () => {
    const session = new RecordedSession();
    session.enter();
    session.sent.length = 0;
    session.engine.setState({ muted: true, deafened: false }, session.nowMs, session.out);
    session.engine.setState({ muted: true, deafened: false }, session.nowMs, session.out);
    session.engine.joinChannel(2, session.nowMs, session.out);
    session.engine.joinChannel(null, session.nowMs, session.out);
    expect(session.sent).toEqual([
      { type: 'state', muted: true, deafened: false },
      { type: 'join', channel: 2 },
      { type: 'leave' },
    ]);
    session.hear(refused('unknownChannel'));
    expect(session.engine.lastRefusal).toEqual({
      code: 'unknownChannel',
      sentence: 'That channel does not exist any more.',
    });
    expect(session.engine.phase).toBe('connected');
  });

  test('says bye when it leaves, and forgets the room', () => {
    const session = new RecordedSession();
    session.enter();
    session.engine.handleLeave(session.nowMs, session.out);
    expect(session.sent.at(-1)).toEqual({ type: 'bye' });
    expect(session.engine).toMatchObject({ phase: 'idle', token: null, members: [], ownChannel: null });
    expect([session.closed, session.ends.length]).toEqual([1, 1]);
    session.engine.handleLeave(session.nowMs, session.out);
    expect(session.ends.length).toBe(1);
  });

  test('ends for good when the host closes the room', () => {
    const session = new RecordedSession();
    session.enter();
    session.hear(refused('relayClosing'));
    session.pass(300_000);
    expect(session.ends).toMatchObject([{ kind: 'refused', code: 'relayClosing' }]);
    expect(session.opened).toBe(1);
  });
});

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

  test('comes back with its state and channel', () => {
    const session = new RecordedSession();
    session.enter();
    session.engine.setState({ muted: true, deafened: true }, session.nowMs, session.out);
    session.hear({
      type: 'memberChanged',
      member: { token: 7, nickname: 'Anna', channel: 2, muted: true, deafened: true },
    });
    session.laneClosed();
    expect(session.engine.members.length).toBe(1);
    session.sent.length = 0;
    session.passPause();
    session.laneOpened();
    session.hear(welcomeFor(20));
    expect(session.sent).toEqual([
      { type: 'hello', protocol: 1, nickname: 'Anna' },
      { type: 'state', muted: true, deafened: true },
      { type: 'join', channel: 2 },
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
    session.sent.length = 0;
    session.hear({ ...welcomeFor(20), channels: welcomeFor(20).channels.slice(0, 1) });
    expect(session.sent).toEqual([{ type: 'ping', id: 2 }]);

    session.engine.joinChannel(null, session.nowMs, session.out);
    session.laneClosed();
    session.passPause();
    session.laneOpened();
    session.sent.length = 0;
    session.hear(welcomeFor(21));
    expect(session.sent[0]).toEqual({ type: 'leave' });
  });

  test.each<RefusalCode>(['nicknameTaken', 'roomFull', 'tooManyMessages'])('tries again after %s', (code) => {
    const session = new RecordedSession();
    session.enter();
    session.laneClosed();
    session.passPause();
    session.laneOpened();
    session.hear(refused(code));
    expect(session.engine).toMatchObject({ phase: 'waiting', attempt: 2 });
    expect([session.ends.length, session.closed]).toEqual([0, 1]);
  });

  test.each<RefusalCode>(['versionUnsupported', 'nicknameInvalid', 'relayClosing'])(
    'ends with %s',
    (code) => {
      const session = new RecordedSession();
      session.enter();
      session.laneClosed();
      session.passPause();
      session.laneOpened();
      session.hear(refused(code));
      expect(session.ends).toMatchObject([{ kind: 'refused', code }]);
    },
  );

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
      session.laneOpened();
      session.hear(welcomeFor(30 + round));
    }
    expect(session.engine.phase).toBe('connected');
    expect(session.ends).toEqual([]);
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

test('pauses double up to the cap and use the whole range', () => {
  const almostOne = { next: () => 0.999_999 };
  const pauses = [1, 2, 3, 4, 5, 6, 7, 60, 2_000].map((attempt) => Math.round(backoffMs(attempt, almostOne)));
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000]);
  expect(backoffMs(3, { next: () => 0 })).toBe(0);
  expect([BACKOFF_BASE_MS, BACKOFF_CAP_MS]).toEqual([500, 15_000]);
});
