import { describe, expect, test } from 'vitest';
import { RecordedSession, recordedLogin, welcomeFor } from '../sim/recorded-session.ts';
import { memberFor, simIdentity } from '../sim/sim-room.ts';
import { MAX_CHANNELS, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import {
  MAX_LANE_MESSAGE_BYTES,
  MAX_MEMBERS_PAGE,
  PROTOCOL_VERSION,
  type RelayMessage,
} from '../wire/control.ts';
import type { RefusalCode } from '../wire/refusal.ts';
import { BACKOFF_BASE_MS } from './backoff.ts';
import {
  CONNECT_TIMEOUT_MS,
  GREETING_TIMEOUT_MS,
  type LaneFailure,
  PING_INTERVAL_MS,
} from './session-engine.ts';

const ben = memberFor(8, { nickname: 'Ben' });
const hello = { type: 'hello', protocol: PROTOCOL_VERSION, nickname: 'Anna', identity: simIdentity(7) };

function refused(code: RefusalCode): RelayMessage {
  return { type: 'refused', code, rule: null, request: null, chat: null };
}

describe('connecting', () => {
  test('opens a lane, says hello, has the challenge signed, and is connected with the welcome', () => {
    const session = new RecordedSession();
    expect(session.engine.nextDeadlineMs()).toBeNull();
    session.connect('Anna', 'open sesame');
    expect(session.engine.phase).toBe('connecting');
    session.laneOpened();
    expect(session.engine.phase).toBe('greeting');
    expect(session.takeSent()).toEqual([{ ...hello, password: 'open sesame' }]);
    session.hear({ type: 'challenge', nonce: `${'_'.repeat(42)}8` });
    expect(session.nonces).toEqual([new Uint8Array(32).fill(0xff)]);
    expect(session.takeSent()).toEqual([]);
    session.sign();
    expect(session.takeSent()).toEqual([{ type: 'login', ...recordedLogin }]);
    session.hear(welcomeFor(7));
    expect(session.engine).toMatchObject({
      phase: 'connected',
      token: 7,
      roomName: 'Recorded room',
      attempt: 0,
    });
    expect(session.engine.ownChannel?.name).toBe('Lobby');
    expect(session.engine.roles.map((role) => role.name)).toEqual(['Member', 'Moderator', 'Admin']);
    expect(session.welcomes).toEqual([welcomeFor(7)]);
    expect(session.takeSent()).toEqual([{ type: 'ping', id: 1 }]);
    expect(session.opened).toBe(1);
  });

  test('signs once for a lane, and takes no welcome before that', () => {
    const session = new RecordedSession();
    session.connect();
    session.laneOpened();
    session.hear(welcomeFor(7));
    session.sign();
    session.logIn();
    session.hear({ type: 'challenge', nonce: 'A'.repeat(43) });
    session.sign();
    expect(session.nonces.length).toBe(1);
    expect(session.sent.map((message) => message.type)).toEqual(['hello', 'login']);
    expect(session.engine.phase).toBe('greeting');
    expect(session.engine.counters.messagesUnexpected).toBe(2);
    session.hear(welcomeFor(7, { resumed: true }));
    expect(session.engine.phase).toBe('greeting');
    session.hear(welcomeFor(7));
    expect(session.engine.phase).toBe('connected');
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
    'badSignature',
    'wrongPassword',
    'relayRestarting',
  ])('that is refused with %s ends with a sentence, and asks the person', (code) => {
    const session = new RecordedSession();
    session.connect();
    session.laneOpened();
    session.hear(refused(code));
    expect(session.ends).toMatchObject([{ kind: 'refused', code, rule: null }]);
    expect(session.ends[0]?.sentence).toMatch(/^[A-Z].*\.$/);
    expect([session.engine.phase, session.closed, session.opened]).toEqual(['idle', 1, 1]);
  });

  test('names the rule that kept us out', () => {
    const session = new RecordedSession();
    session.connect();
    session.laneOpened();
    session.logIn();
    const rule = { kind: 'banned', untilMs: 0, reason: 'Spam.' } as const;
    session.hear({ type: 'refused', code: 'banned', rule, request: null, chat: null });
    const sentence = 'You are banned from this room until 1970-01-01 00:00 UTC. The reason given: Spam.';
    expect(session.ends).toEqual([{ kind: 'refused', code: 'banned', rule, sentence }]);
  });

  test('gives up at the timeouts, not before', () => {
    const session = new RecordedSession();
    session.connect();
    session.pass(CONNECT_TIMEOUT_MS - 1);
    session.laneOpened();
    session.logIn();
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
  test('keeps the member list, the channels and the roles', () => {
    const session = new RecordedSession();
    session.enter();
    session.hear({ type: 'memberJoined', member: ben });
    session.hear({ type: 'memberChanged', member: { ...ben, reconnecting: true, channel: 2 } });
    const changed = { ...ben, reconnecting: true, channel: 2 };
    expect(session.engine.members).toEqual([welcomeFor(7).members[0], changed]);
    session.hear({ type: 'memberLeft', token: 8 });
    expect(session.engine.members.length).toBe(1);
    const [lobby] = session.engine.channels;
    if (lobby === undefined) throw new Error('no channel');
    session.hear({ type: 'channelChanged', channel: { ...lobby, name: 'Hall' } });
    expect(session.engine.ownChannel?.name).toBe('Hall');
    session.hear({ type: 'channelRemoved', channel: 2 });
    expect(session.engine.channels.map((channel) => channel.id)).toEqual([1]);
    session.hear({ type: 'roles', roles: [{ id: 16, name: 'Cook', rank: 10, permissions: ['mute'] }] });
    expect(session.engine.roles.map((role) => role.name)).toEqual(['Cook']);
  });

  test('counts and ignores what does not fit, and what is no message', () => {
    const session = new RecordedSession();
    session.enter();
    const members = session.engine.members;
    const cook = { id: 16, name: 'Cook', rank: 10, permissions: [] };
    const sealed = { type: 'whisperKeyFrom', from: 99, target: 7, sealed: 'AAAA' } as const;
    const misfits: RelayMessage[] = [
      { type: 'memberJoined', member: { ...ben, token: 7 } },
      { type: 'memberChanged', member: ben },
      { type: 'memberChanged', member: { ...memberFor(7), identity: simIdentity(99) } },
      { type: 'memberLeft', token: 99 },
      { type: 'memberLeft', token: 7 },
      { type: 'channelRemoved', channel: 99 },
      { type: 'roles', roles: [cook, cook] },
      { type: 'pong', id: 77 },
      { type: 'done', id: 1 },
      { type: 'chatTaken', id: 1, message: 1, sentMs: 1 },
      { ...refused('notAllowed'), request: 1 } as RelayMessage,
      { ...refused('chatTooFast'), chat: 1 } as RelayMessage,
      { type: 'challenge', nonce: 'A'.repeat(43) },
      sealed,
      welcomeFor(9),
    ];
    for (const message of misfits) session.hear(message);
    const texts = ['', '{', 'null', '[]', '{"type":"memberLeft"}', 'x'.repeat(MAX_LANE_MESSAGE_BYTES + 1)];
    for (const text of texts) session.hearText(text);
    expect(session.engine.members).toBe(members);
    expect(session.engine.token).toBe(7);
    expect(session.keys).toEqual([]);
    expect(session.engine.counters).toMatchObject({
      messages: 2 + misfits.length + texts.length,
      messagesAccepted: 2,
      messagesUnexpected: misfits.length,
      messagesMalformed: texts.length,
    });
  });

  test('takes a welcome to a full room, whatever it is called', () => {
    const members = Array.from({ length: MAX_MEMBERS_PAGE }, (_, index) =>
      memberFor(0xffff_0000 + index, { nickname: '\u65e5'.repeat(32), channel: 0xffff_ffff }),
    );
    const [first] = welcomeFor(7).channels;
    if (first === undefined) throw new Error('no channel');
    const channels = Array.from({ length: MAX_CHANNELS }, (_, index) => ({
      ...first,
      id: 0xffff_0000 + index,
      name: '\u65e5'.repeat(64),
    }));
    const welcome = welcomeFor(0xffff_0000, { members, channels });
    expect(Buffer.byteLength(JSON.stringify(welcome))).toBeLessThan(MAX_LANE_MESSAGE_BYTES);
    const session = new RecordedSession();
    session.enter(welcome);
    expect(session.engine.members.length).toBe(MAX_MEMBERS_PAGE);
  });

  test('never holds more members than a room may have', () => {
    const session = new RecordedSession();
    session.enter();
    for (let token = 100; token < 100 + MAX_ROOM_MEMBERS; token += 1) {
      session.hear({ type: 'memberJoined', member: memberFor(token) });
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

  const { members, channels, roles } = welcomeFor(7);
  test.each([
    ['without us', welcomeFor(7, { token: 9 })],
    ['with a member twice', welcomeFor(7, { members: [...members, ...members] })],
    ['with a channel twice', welcomeFor(7, { channels: [...channels, ...channels] })],
    ['with a role twice', welcomeFor(7, { roles: [...roles, ...roles] })],
    ['that resumes what never was', welcomeFor(7, { resumed: true })],
  ])('does not begin with a welcome %s', (_what, welcome) => {
    const session = new RecordedSession();
    session.enter(welcome);
    expect(session.engine.phase).toBe('greeting');
    expect(session.engine.members).toEqual([]);
    expect(session.engine.counters).toMatchObject({ messagesUnexpected: 1, welcomes: 0 });
    expect(session.welcomes).toEqual([]);
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

  test('tells its state, voice path and channel, once each, and shows what was refused', () => {
    const session = new RecordedSession();
    session.enter();
    session.takeSent();
    const { engine, out } = session;
    for (let times = 0; times < 2; times += 1) {
      engine.setState({ muted: true, deafened: false }, session.nowMs, out);
      engine.setVoicePath('lane', session.nowMs, out);
    }
    expect(engine.joinChannel(2, session.nowMs, out, 'soup')).toBe(1);
    expect(engine.joinChannel(null, session.nowMs, out)).toBeNull();
    expect(session.takeSent()).toEqual([
      { type: 'state', muted: true, deafened: false },
      { type: 'voicePath', path: 'lane' },
      { type: 'request', id: 1, request: { kind: 'join', channel: 2, password: 'soup' } },
      { type: 'leave' },
    ]);
    const rule = { kind: 'mutedForAll', by: 'Ben' } as const;
    session.hear({ type: 'refused', code: 'notAllowed', rule, request: null, chat: null });
    const sentence = 'Ben muted you for everybody.';
    expect(engine.lastRefusal).toEqual({ code: 'notAllowed', rule, sentence });
    expect(engine.phase).toBe('connected');
  });

  test('passes on key messages both ways, and drops what it cannot send', () => {
    const session = new RecordedSession();
    const keyPackage = { type: 'keyPackage', channel: 1, package: 'AAAA' } as const;
    expect(session.engine.sendKey(keyPackage, session.nowMs, session.out)).toBe(false);
    session.enter();
    session.takeSent();
    expect(session.engine.sendKey(keyPackage, session.nowMs, session.out)).toBe(true);
    expect(session.takeSent()).toEqual([keyPackage]);
    const state = { channel: 1, generation: 4, epoch: 2 };
    const messages = [
      { type: 'keyPackageWanted', channel: 1, reset: true },
      { type: 'commitWanted', state, found: false, add: [], remove: [simIdentity(9)] },
      { type: 'committed', state, from: simIdentity(8), commit: 'AAAA' },
      { type: 'groupWelcome', state, welcome: 'BBBB' },
      { type: 'whisperKeyFrom', from: 7, target: 7, sealed: 'CCCC' },
    ] as const;
    for (const message of messages) session.hear(message as RelayMessage);
    expect(session.keys).toEqual(messages);
    session.hear(refused('staleCommit'));
    session.hear(refused('keyRejected'));
    expect(session.keyRefusals).toEqual(['staleCommit', 'keyRejected']);
    expect(session.engine.lastRefusal).toBeNull();
    expect(session.engine.counters).toMatchObject({ keysSent: 1, keysDropped: 1 });
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
    session.enter();
    expect(session.sent.filter((message) => message.type === 'hello')).toEqual([hello, hello]);
  });

  test.each<RefusalCode>(['relayClosing', 'kicked', 'banned', 'signedInElsewhere'])(
    'ends for good with %s',
    (code) => {
      const session = new RecordedSession();
      session.enter();
      session.hear(refused(code));
      session.pass(300_000);
      expect(session.ends).toMatchObject([{ kind: 'refused', code }]);
      expect([session.opened, session.closed]).toEqual([1, 1]);
    },
  );

  test('looks for a relay that restarts at once, and with its session', () => {
    const session = new RecordedSession();
    session.enter();
    session.hear(refused('relayRestarting'));
    expect([session.engine.phase, session.closed, session.ends.length]).toEqual(['waiting', 1, 0]);
    expect(session.passPause()).toBeLessThanOrEqual(BACKOFF_BASE_MS);
    session.takeSent();
    session.laneOpened();
    const resume = { token: 7, secret: 'A'.repeat(43), chatSeen: 0 };
    expect(session.takeSent()).toEqual([{ ...hello, resume }]);
  });
});
