import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type RecordedMember, RecordedRelay } from '../sim/recorded-relay.ts';
import { type ChannelInfo, MAX_CHANNELS, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import { MAX_CONTROL_LENGTH, relayMessageSchema } from '../wire/control.ts';
import { MAX_NICKNAME_LENGTH, MAX_ROOM_NAME_LENGTH } from '../wire/fields.ts';
import {
  HELLO_TIMEOUT_MS,
  LANE_TIMEOUT_MS,
  MAX_BAD_MESSAGES,
  MAX_MESSAGE_BURST,
  MAX_UNGREETED_LANES,
} from './control-plane.ts';
import { nicknameKey } from './room.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

function relayWith(options: Partial<ConstructorParameters<typeof RecordedRelay>[0]> = {}): RecordedRelay {
  return new RecordedRelay({ mac, ...options });
}

function entered(relay: RecordedRelay, nickname: string): RecordedMember {
  const member = relay.enter(nickname);
  if (member === null) throw new Error(`${nickname} was refused`);
  return member;
}

/** What a hello of that nickname is answered with. */
function answerTo(relay: RecordedRelay, nickname: string, protocol = 1): string | undefined {
  const lane = relay.open();
  relay.say(lane, { type: 'hello', protocol, nickname });
  const [answer] = relay.take(lane);
  return answer?.type === 'refused' ? answer.code : answer?.type;
}

describe('hello', () => {
  test('is answered with a welcome that says everything, and the others are told', () => {
    const relay = relayWith();
    const anna = entered(relay, 'Anna');
    const lane = relay.open();
    relay.say(lane, { type: 'hello', protocol: 1, nickname: '  Ben ' });
    const [welcome, ...more] = relay.take(lane);
    expect(more).toEqual([]);
    expect(welcome).toMatchObject({
      type: 'welcome',
      roomName: 'Recorded room',
      members: [
        { token: anna.token, nickname: 'Anna', channel: 1, muted: false, deafened: false },
        { nickname: 'Ben', channel: 1 },
      ],
    });
    expect(relayMessageSchema.safeParse(welcome).success).toBe(true);
    expect(relay.take(anna.lane)).toEqual([
      { type: 'memberJoined', member: expect.objectContaining({ nickname: 'Ben' }) },
    ]);
  });

  test('tokens are never zero, never taken, and have the top bit clear', () => {
    const draws = [0, 0x8000_0000, 0xffff_fff0, 0x7fff_fff0, 5];
    const relay = relayWith({ randomToken: () => draws.shift() ?? 0 });
    expect(entered(relay, 'Anna').token).toBe(0x7fff_fff0);
    expect(entered(relay, 'Ben').token).toBe(5);
  });

  test.each([
    ['anna', 'nicknameTaken'],
    ['ANNA', 'nicknameTaken'],
    [' Anna ', 'nicknameTaken'],
    ['An\u200bna', 'nicknameTaken'],
    ['jos\u00e9', 'nicknameTaken'],
    ['', 'nicknameInvalid'],
    ['   ', 'nicknameInvalid'],
    ['\u200b\u2060', 'nicknameInvalid'],
    ['Be\u0007n', 'nicknameInvalid'],
    ['Be\u202en', 'nicknameInvalid'],
    ['Be\ud800n', 'nicknameInvalid'],
    ['x'.repeat(MAX_NICKNAME_LENGTH), 'welcome'],
    ['x'.repeat(MAX_NICKNAME_LENGTH - 1), 'welcome'],
    ['x'.repeat(MAX_NICKNAME_LENGTH + 1), 'nicknameInvalid'],
  ])('as %j gets %s', (nickname, answer) => {
    const relay = relayWith();
    entered(relay, 'Anna');
    entered(relay, 'Jose\u0301');
    expect(answerTo(relay, nickname)).toBe(answer);
  });

  test('of another version is refused, and the lane closed', () => {
    const relay = relayWith();
    expect(answerTo(relay, 'Anna', 2)).toBe('versionUnsupported');
    expect(answerTo(relay, 'Anna', 0)).toBe('versionUnsupported');
    expect(relay.closed).toEqual([1, 2]);
    expect(relay.engine.stats()).toMatchObject({ lanes: 0, lanesClosedRefused: 2 });
  });

  test('is refused when the room is full, and not when somebody has left', () => {
    const relay = relayWith({ maxMembers: 2 });
    entered(relay, 'Anna');
    const ben = entered(relay, 'Ben');
    expect(answerTo(relay, 'Cleo')).toBe('roomFull');
    relay.say(ben.lane, { type: 'bye' });
    expect(answerTo(relay, 'Cleo')).toBe('welcome');
  });

  test('twice, or anything before it, is a bad message', () => {
    const relay = relayWith();
    const anna = entered(relay, 'Anna');
    relay.say(anna.lane, { type: 'hello', protocol: 1, nickname: 'Anna 2' });
    expect(relay.take(anna.lane)).toMatchObject([{ type: 'refused', code: 'alreadyGreeted' }]);
    const lane = relay.open();
    relay.say(lane, { type: 'ping', id: 1 });
    expect(relay.take(lane)).toMatchObject([{ type: 'refused', code: 'helloExpected' }]);
    expect(relay.engine.stats()).toMatchObject({ members: 1, messagesBad: 2 });
  });

  test('the largest room and the longest names still make a welcome that the control lane carries', () => {
    const wide = (length: number, distinct: number): string =>
      String.fromCharCode(0x4e00 + distinct) + '\u4e00'.repeat(length - 1);
    const channels: ChannelInfo[] = Array.from({ length: MAX_CHANNELS }, (_, at) => ({
      id: 0xffff_ffff - at,
      name: wide(MAX_ROOM_NAME_LENGTH, at),
      config: { bitrate: 510_000, frameSamples: 2880, redundancyCopies: 2 },
    }));
    const relay = relayWith({
      channels,
      maxMembers: MAX_ROOM_MEMBERS,
      roomName: wide(MAX_ROOM_NAME_LENGTH, 0),
    });
    for (let at = 1; at < MAX_ROOM_MEMBERS; at += 1) {
      entered(relay, wide(MAX_NICKNAME_LENGTH, at));
      relay.messages.clear();
    }
    const lane = relay.open();
    relay.say(lane, { type: 'hello', protocol: 1, nickname: wide(MAX_NICKNAME_LENGTH, 0) });
    const [welcome] = relay.take(lane);
    expect(relayMessageSchema.safeParse(welcome).success).toBe(true);
    const bytes = new TextEncoder().encode(JSON.stringify(welcome)).length;
    expect(bytes).toBeLessThan(MAX_CONTROL_LENGTH);
    expect(bytes).toBeGreaterThan(MAX_CONTROL_LENGTH * 0.8);
    expect(answerTo(relay, 'one more')).toBe('roomFull');
  });
});

describe('members', () => {
  test('move between channels and say how they are; everybody is told once per change', () => {
    const relay = relayWith();
    const anna = entered(relay, 'Anna');
    const ben = entered(relay, 'Ben');
    relay.take(anna.lane);
    const expectTold = (member: object): void => {
      for (const lane of [anna.lane, ben.lane]) {
        expect(relay.take(lane)).toEqual([
          { type: 'memberChanged', member: expect.objectContaining(member) },
        ]);
      }
    };
    relay.say(ben.lane, { type: 'join', channel: 2 });
    expectTold({ token: ben.token, channel: 2 });
    relay.say(ben.lane, { type: 'state', muted: true, deafened: false });
    expectTold({ token: ben.token, muted: true, deafened: false });
    relay.say(ben.lane, { type: 'leave' });
    expectTold({ token: ben.token, channel: null });

    relay.say(ben.lane, { type: 'leave' });
    relay.say(ben.lane, { type: 'state', muted: true, deafened: false });
    expect(relay.take(anna.lane)).toEqual([]);

    relay.say(ben.lane, { type: 'join', channel: 99 });
    expect(relay.take(ben.lane)).toMatchObject([{ type: 'refused', code: 'unknownChannel' }]);
    expect(relay.take(anna.lane)).toEqual([]);
  });

  test.each(['bye', 'closed lane'])('leave with a %s', (how) => {
    const relay = relayWith();
    const anna = entered(relay, 'Anna');
    const ben = entered(relay, 'Ben');
    relay.take(anna.lane);
    if (how === 'bye') relay.say(ben.lane, { type: 'bye' });
    else relay.engine.handleLaneClosed(ben.lane, relay.nowMs, relay.out);
    expect(relay.take(anna.lane)).toEqual([{ type: 'memberLeft', token: ben.token }]);
    expect(relay.closed).toEqual(how === 'bye' ? [ben.lane] : []);
    relay.engine.handleLaneClosed(ben.lane, relay.nowMs, relay.out);
    relay.say(ben.lane, { type: 'ping', id: 1 });
    expect(relay.take(ben.lane)).toEqual([]);
    expect(relay.engine.stats()).toMatchObject({ members: 1, lanes: 1, left: 1, messagesOnUnknownLane: 1 });
  });

  test('hear one message object per broadcast, so that it can be serialised once', () => {
    const relay = relayWith();
    const lanes = ['Anna', 'Ben', 'Cleo'].map((nickname) => entered(relay, nickname).lane);
    for (const lane of lanes) relay.take(lane);
    relay.say(lanes[0] ?? 0, { type: 'state', muted: true, deafened: true });
    const told = lanes.map((lane) => relay.take(lane)[0]);
    expect(told[0]).toBeDefined();
    expect(told.every((message) => message === told[0])).toBe(true);
  });

  test('are told when the room closes', () => {
    const relay = relayWith();
    const anna = entered(relay, 'Anna');
    const stranger = relay.open();
    relay.engine.close(relay.nowMs, relay.out);
    for (const lane of [anna.lane, stranger]) {
      expect(relay.take(lane)).toMatchObject([{ type: 'refused', code: 'relayClosing' }]);
    }
    expect(relay.closed).toEqual([anna.lane, stranger]);
    expect(relay.engine.stats()).toMatchObject({ members: 0, lanes: 0 });
    expect(relay.engine.nextDeadlineMs()).toBeNull();
  });
});

describe('deadlines', () => {
  test('a lane that does not say hello in time is closed, not a moment earlier', () => {
    const relay = relayWith();
    const lane = relay.open();
    relay.say(lane, { type: 'ping', id: 1 });
    relay.pass(HELLO_TIMEOUT_MS - 1);
    expect(relay.closed).toEqual([]);
    relay.pass(1);
    expect(relay.closed).toEqual([lane]);
    expect(relay.engine.nextDeadlineMs()).toBeNull();
  });

  test('a member who pings every ten seconds stays, one who stops is gone after thirty', () => {
    const relay = relayWith();
    const anna = entered(relay, 'Anna');
    const ben = entered(relay, 'Ben');
    for (let id = 0; id < 12; id += 1) {
      relay.pass(10_000);
      relay.say(anna.lane, { type: 'ping', id });
      if (id < 3) relay.say(ben.lane, { type: 'ping', id });
    }
    expect(relay.closed).toEqual([ben.lane]);
    expect(relay.take(anna.lane)).toContainEqual({ type: 'pong', id: 11 });
    relay.pass(LANE_TIMEOUT_MS - 1);
    expect(relay.engine.stats()).toMatchObject({ members: 1 });
    relay.pass(1);
    expect(relay.engine.stats()).toMatchObject({ members: 0, lanesClosedSilent: 2 });
  });

  test('bad messages keep nobody alive', () => {
    const relay = relayWith();
    const anna = entered(relay, 'Anna');
    relay.pass(LANE_TIMEOUT_MS - 100);
    relay.sayText(anna.lane, 'nonsense');
    relay.pass(100);
    expect(relay.closed).toEqual([anna.lane]);
  });
});

describe('hostile lanes', () => {
  test.each([
    '',
    '{',
    'null',
    '7',
    '[]',
    '{}',
    '{"type":"welcome"}',
    '{"type":"join"}',
    '{"type":"join","channel":-1}',
    '{"type":"join","channel":1,"extra":1}',
    '{"type":"ping","id":4294967296}',
    `${'['.repeat(30_000)}`,
    `${'[1,'.repeat(20_000)}`,
    '{"__proto__":{"type":"bye"}}',
  ])('%.40s is refused, and too many of it close the lane', (text) => {
    const relay = relayWith();
    const anna = entered(relay, 'Anna');
    for (let count = 1; count <= MAX_BAD_MESSAGES; count += 1) {
      expect(relay.closed).toEqual([]);
      relay.sayText(anna.lane, text);
      expect(relay.take(anna.lane)).toMatchObject([{ type: 'refused', code: 'badMessage' }]);
    }
    expect(relay.closed).toEqual([anna.lane]);
    expect(relay.engine.stats()).toMatchObject({ members: 0, messagesBad: MAX_BAD_MESSAGES });
  });

  test.each([
    [-1, true],
    [0, true],
    [1, false],
  ])('a message of the limit and %i characters is read: %s', (excess, read) => {
    const relay = relayWith();
    const anna = entered(relay, 'Anna');
    const text = '{"type":"ping","id":1}';
    relay.sayText(anna.lane, text + ' '.repeat(MAX_CONTROL_LENGTH + excess - text.length));
    expect(relay.take(anna.lane)[0]?.type).toBe(read ? 'pong' : 'refused');
  });

  test('too many messages close the lane; a pace it allows does not', () => {
    const relay = relayWith();
    const patient = entered(relay, 'Patient');
    const greedy = entered(relay, 'Greedy');
    for (let id = 0; id < 200; id += 1) {
      relay.pass(200);
      relay.say(patient.lane, { type: 'ping', id });
      if (id % 40 === 0) relay.say(greedy.lane, { type: 'ping', id });
    }
    expect(relay.closed).toEqual([]);
    relay.take(greedy.lane);
    for (let id = 0; id <= MAX_MESSAGE_BURST; id += 1) relay.say(greedy.lane, { type: 'ping', id });
    const answers = relay.take(greedy.lane);
    expect(answers.filter((answer) => answer.type === 'pong').length).toBe(MAX_MESSAGE_BURST);
    expect(answers.at(-1)).toMatchObject({ type: 'refused', code: 'tooManyMessages' });
    expect(relay.closed).toEqual([greedy.lane]);
  });

  test.each([MAX_UNGREETED_LANES - 1, MAX_UNGREETED_LANES, MAX_UNGREETED_LANES + 1])(
    '%i lanes without a hello: the oldest make way, members stay',
    (count) => {
      const relay = relayWith();
      const anna = entered(relay, 'Anna');
      const lanes = Array.from({ length: count }, () => relay.open());
      expect(relay.closed).toEqual(lanes.slice(0, Math.max(0, count - MAX_UNGREETED_LANES)));
      expect(relay.engine.stats()).toMatchObject({
        members: 1,
        lanes: 1 + Math.min(count, MAX_UNGREETED_LANES),
      });
      relay.say(anna.lane, { type: 'ping', id: 1 });
      expect(relay.take(anna.lane)).toEqual([{ type: 'pong', id: 1 }]);
    },
  );
});

test('options that break a limit are a defect of the host', () => {
  const channel = {
    id: 1,
    name: 'Lobby',
    config: { bitrate: 32_000, frameSamples: 960, redundancyCopies: 0 },
  } as const;
  expect(() => relayWith({ channels: [] })).toThrow(/has a channel/);
  expect(() => relayWith({ channels: [channel, channel] })).toThrow(/unique/);
  expect(() => relayWith({ maxMembers: MAX_ROOM_MEMBERS + 1 })).toThrow(/maxMembers/);
  expect(() => relayWith({ maxMembers: 0 })).toThrow(/maxMembers/);
  const tooMany = Array.from({ length: MAX_CHANNELS + 1 }, (_, id) => ({ ...channel, id }));
  expect(() => relayWith({ channels: tooMany })).toThrow(/channels/);
  expect(() => relayWith({ channels: tooMany.slice(1) })).not.toThrow();
});

test('names that look the same have one key', () => {
  expect(nicknameKey('E\u0301va')).toBe(nicknameKey('\u00e9VA'));
  expect(nicknameKey('Anna')).not.toBe(nicknameKey('Anne'));
});
