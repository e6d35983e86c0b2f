import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { simChannelConfig } from '../sim/sim-room.ts';
import { LOBBY, SESAME, StaffedRoom } from '../sim/staffed-room.ts';
import { ToyEntrant } from '../sim/toy-entrant.ts';
import { toyPasswordHash } from '../sim/toy-passwords.ts';
import { ToySignatures } from '../sim/toy-signatures.ts';
import { MAX_CHANNELS, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import {
  MAX_LANE_MESSAGE_BYTES,
  MAX_MEMBERS_PAGE,
  PROTOCOL_VERSION,
  relayMessageSchema,
} from '../wire/control.ts';
import { MAX_NICKNAME_LENGTH, MAX_ROOM_NAME_LENGTH } from '../wire/fields.ts';
import {
  ADMIN_ROLE_ID,
  FIRST_CUSTOM_ROLE_ID,
  MAX_ROLES,
  MODERATOR_ROLE_ID,
  permissionSchema,
} from '../wire/roles.ts';
import { HELLO_TIMEOUT_MS, MAX_LANES_PER_ADDRESS } from './lanes.ts';
import type { LaneId } from './relay-out.ts';
import { nicknameKey } from './room.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();
const roomWith = (options: ConstructorParameters<typeof StaffedRoom>[1] = {}) =>
  new StaffedRoom(mac, options);
const entrant = (seed: string) => new ToyEntrant(new ToySignatures(mac), seed);

/** Code of the refusal, or the type of the last answer. */
function answerOn(room: StaffedRoom, lane: LaneId): string | undefined {
  const last = room.take(lane).at(-1);
  return last?.type === 'refused' ? last.code : last?.type;
}

function hello(room: StaffedRoom, nickname: string, protocol = PROTOCOL_VERSION): LaneId {
  const lane = room.open();
  room.say(lane, { type: 'hello', protocol, nickname, identity: entrant(nickname).identity });
  return lane;
}

function nonceOf(room: StaffedRoom, lane: LaneId): Uint8Array {
  const [challenge] = room.take(lane);
  return new Uint8Array(Buffer.from(challenge?.type === 'challenge' ? challenge.nonce : '', 'base64url'));
}

const exporterOf = (lane: LaneId) => new Uint8Array(32).fill(lane);

describe('login', () => {
  test('is answered with a welcome that says everything, and the others are told', () => {
    const room = roomWith();
    const anna = room.admit('Anna');
    room.hush();
    const mona = room.admit('Mona');
    const { welcome } = mona;
    expect(relayMessageSchema.safeParse(welcome).success).toBe(true);
    expect(welcome).toMatchObject({
      roomName: 'Recorded room',
      resumed: false,
      chatTaken: 0,
      chatSeen: 0,
      members: [
        { token: anna.token, nickname: 'Anna', channel: LOBBY, role: 1, reconnecting: false },
        {
          nickname: 'Mona',
          identity: mona.identity,
          role: MODERATOR_ROLE_ID,
          whisperKey: entrant('Mona').whisperKey,
        },
      ],
    });
    expect(welcome.roles.map((role) => role.name)).toEqual(['Member', 'Moderator', 'Admin']);
    expect(welcome.resumeSecret).not.toBe(welcome.pathKey);
    expect(room.take(anna.lane)).toMatchObject([{ type: 'memberJoined', member: { nickname: 'Mona' } }]);
    expect(room.admit('Olga').welcome.members.at(-1)).toMatchObject({ role: ADMIN_ROLE_ID });
  });

  test('under another key, for another connection, challenge or whisper key is no login', () => {
    const spoilt: ((lane: LaneId, nonce: Uint8Array) => string)[] = [
      (lane, nonce) => entrant('Ben').sign(exporterOf(lane), nonce),
      (lane, nonce) => entrant('Anna').sign(exporterOf(lane + 1), nonce),
      (lane) => entrant('Anna').sign(exporterOf(lane), new Uint8Array(32)),
    ];
    for (const sign of spoilt) {
      const room = roomWith();
      const lane = hello(room, 'Anna');
      const signature = sign(lane, nonceOf(room, lane));
      room.say(lane, { type: 'login', signature, whisperKey: entrant('Anna').whisperKey });
      expect(answerOn(room, lane)).toBe('badSignature');
      expect(room.closed).toEqual([lane]);
    }
    const room = roomWith();
    const lane = hello(room, 'Anna');
    const signature = entrant('Anna').sign(exporterOf(lane), nonceOf(room, lane));
    room.say(lane, { type: 'login', signature, whisperKey: entrant('Ben').whisperKey });
    expect(answerOn(room, lane)).toBe('badSignature');
  });

  test('is tried once per challenge, and each challenge is another', () => {
    const room = roomWith();
    const first = hello(room, 'Anna');
    const second = hello(room, 'Anna');
    const nonces = [first, second].map((lane) => Buffer.from(nonceOf(room, lane)).toString('hex'));
    expect(nonces[0]).not.toBe(nonces[1]);
    // The answer to one challenge does for no other.
    const signature = entrant('Anna').sign(exporterOf(second), Buffer.from(nonces[0] ?? '', 'hex'));
    room.say(second, { type: 'login', signature, whisperKey: entrant('Anna').whisperKey });
    expect(answerOn(room, second)).toBe('badSignature');
  });

  test('out of order is a bad message', () => {
    const room = roomWith();
    const { whisperKey } = entrant('Anna');
    const silent = room.open();
    room.say(silent, { type: 'ping', id: 1 });
    expect(answerOn(room, silent)).toBe('helloExpected');
    room.say(silent, { type: 'login', signature: 'A'.repeat(86), whisperKey });
    expect(answerOn(room, silent)).toBe('helloExpected');
    const greeted = hello(room, 'Anna');
    room.take(greeted);
    room.say(greeted, { type: 'ping', id: 1 });
    expect(answerOn(room, greeted)).toBe('loginExpected');
    const { identity } = entrant('Anna');
    room.say(greeted, { type: 'hello', protocol: PROTOCOL_VERSION, nickname: 'Anna', identity });
    expect(answerOn(room, greeted)).toBe('alreadyGreeted');
    const anna = room.admit('Anna');
    room.say(anna.lane, { type: 'login', signature: 'A'.repeat(86), whisperKey });
    expect(answerOn(room, anna.lane)).toBe('alreadyGreeted');
    room.say(anna.lane, { type: 'hello', protocol: PROTOCOL_VERSION, nickname: 'Anna', identity });
    expect(answerOn(room, anna.lane)).toBe('alreadyGreeted');
    expect(room.engine.stats()).toMatchObject({ members: 1, messagesBad: 6 });
  });

  test('has to come in time, hello and login together', () => {
    const room = roomWith();
    const silent = room.open();
    room.pass(HELLO_TIMEOUT_MS / 2);
    const { identity } = entrant('Anna');
    room.say(silent, { type: 'hello', protocol: PROTOCOL_VERSION, nickname: 'Anna', identity });
    room.pass(HELLO_TIMEOUT_MS / 2 - 1);
    expect(room.closed).toEqual([]);
    room.pass(1);
    expect(room.closed).toEqual([silent]);
    expect(room.engine.stats()).toMatchObject({ lanesClosedHelloTimeout: 1, lanes: 0 });
  });

  test('of another version is refused, and the lane closed', () => {
    const room = roomWith();
    for (const protocol of [0, 1, PROTOCOL_VERSION + 1]) {
      const lane = hello(room, 'Anna', protocol);
      expect(answerOn(room, lane)).toBe('versionUnsupported');
      expect(room.closed).toContain(lane);
    }
  });

  test('tokens are never zero, never taken, and have the top bit clear', () => {
    const draws = [0, 0x8000_0000, 0xffff_fff0, 0x7fff_fff0, 5];
    const room = roomWith({ randomU32: () => draws.shift() ?? 77 });
    expect(room.admit('Anna').token).toBe(0x7fff_fff0);
    expect(room.admit('Ben').token).toBe(5);
  });
});

describe('a name', () => {
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
    ['x'.repeat(MAX_NICKNAME_LENGTH - 1), 'welcome'],
    ['x'.repeat(MAX_NICKNAME_LENGTH), 'welcome'],
    ['x'.repeat(MAX_NICKNAME_LENGTH + 1), 'nicknameInvalid'],
  ])('as %j gets %s', (nickname, answer) => {
    const room = roomWith();
    room.admit('Anna');
    room.admit('Jose\u0301');
    expect(answerOn(room, room.greet(nickname, { seed: 'somebody else' }))).toBe(answer);
  });

  test('is kept for those whose place is held, but not against their own identity', () => {
    const room = roomWith();
    const anna = room.admit('Anna');
    room.hangUp(anna.lane);
    expect(answerOn(room, room.greet('Anna', { seed: 'a thief of names' }))).toBe('nicknameTaken');
    expect(room.admit('Anna').welcome.resumed).toBe(false);
    expect(room.engine.stats()).toMatchObject({ members: 1, joined: 2, left: 1 });
  });

  test('that looks the same has the same key', () => {
    expect(nicknameKey('E\u0301va')).toBe(nicknameKey('\u00e9VA'));
    expect(nicknameKey('Anna')).not.toBe(nicknameKey('Anne'));
  });
});

describe('an identity that logs in anew', () => {
  test('wins over its own older lane, which is told why', () => {
    const room = roomWith();
    const anna = room.admit('Anna');
    const ben = room.admit('Ben');
    room.hush();
    const newer = room.admit('Annie', { seed: 'Anna' });
    expect(answerOn(room, anna.lane)).toBe('signedInElsewhere');
    expect(room.closed).toEqual([anna.lane]);
    expect(room.take(ben.lane)).toMatchObject([
      { type: 'memberLeft', token: anna.token },
      { type: 'memberJoined', member: { token: newer.token, nickname: 'Annie' } },
    ]);
    expect(newer.welcome.members.map((member) => member.nickname)).toEqual(['Ben', 'Annie']);
    expect(newer.token).not.toBe(anna.token);
    expect(room.engine.stats()).toMatchObject({ members: 2, lanesClosedSignedInElsewhere: 1 });
  });

  test('needs no further place in a full room', () => {
    const room = roomWith({ maxMembers: 2 });
    room.admit('Anna');
    room.admit('Ben');
    expect(answerOn(room, room.greet('Cleo'))).toBe('roomFull');
    expect(room.admit('Anna').welcome.members.length).toBe(2);
    const { sessions } = room.store.snapshot();
    expect(sessions.map((session) => session.nickname).sort()).toEqual(['Anna', 'Ben']);
  });
});

describe('the door of the room', () => {
  const lockedLobby = (config: Partial<typeof simChannelConfig>, password: string | null) => {
    const { snapshot } = roomWith().options;
    const channels = snapshot.channels.map((stored) =>
      stored.info.id === LOBBY
        ? {
            info: { ...stored.info, locked: password !== null, config: { ...stored.info.config, ...config } },
            passwordHash: password === null ? null : toyPasswordHash(password),
          }
        : stored,
    );
    return roomWith({ snapshot: { ...snapshot, channels } });
  };

  test('is the password of the channel where members land', () => {
    const room = lockedLobby({}, SESAME);
    const none = room.greet('Anna');
    expect(room.take(none).at(-1)).toMatchObject({
      code: 'wrongPassword',
      rule: { kind: 'password', channel: 'Lobby', given: false },
    });
    const wrong = room.greet('Anna', { password: 'sesam' });
    expect(room.take(wrong).at(-1)).toMatchObject({ code: 'wrongPassword', rule: { given: true } });
    expect(room.closed).toEqual([none, wrong]);
    expect(room.admit('Anna', { password: SESAME }).welcome.members[0]?.channel).toBe(LOBBY);
    // The owner could change it and so needs none.
    room.admit('Olga');
    expect(room.engine.stats()).toMatchObject({ passwordJobs: 2, passwordsRight: 1, passwordsWrong: 1 });
  });

  test('opens to nobody who hangs up or is outrun while the password is checked', () => {
    const room = lockedLobby({}, SESAME);
    const { identity, whisperKey } = entrant('Anna');
    const begin = (): LaneId => {
      const lane = room.open();
      room.say(lane, {
        type: 'hello',
        protocol: PROTOCOL_VERSION,
        nickname: 'Anna',
        identity,
        password: SESAME,
      });
      const signature = entrant('Anna').sign(exporterOf(lane), nonceOf(room, lane));
      room.say(lane, { type: 'login', signature, whisperKey });
      return lane;
    };
    const gone = begin();
    room.hangUp(gone);
    room.doPasswords();
    expect(room.take(gone)).toEqual([]);
    const waiting = begin();
    room.say(waiting, { type: 'ping', id: 1 });
    expect(answerOn(room, waiting)).toBe('loginExpected');
    // The owner needs no password, and so overtakes.
    room.admit('anna', { seed: 'Olga' });
    expect(answerOn(room, waiting)).toBe('nicknameTaken');
    expect(room.engine.stats()).toMatchObject({ members: 1, passwordsForgotten: 1, passwordsUnderWay: 0 });
  });

  test('is its role too; where it is full, members stand in no channel', () => {
    const room = lockedLobby({ enterRole: MODERATOR_ROLE_ID }, null);
    expect(room.take(room.greet('Anna')).at(-1)).toMatchObject({
      code: 'notAllowed',
      rule: { kind: 'role', action: 'enter', channel: 'Lobby', required: 'Moderator', own: 'Member' },
    });
    room.admit('Mona');
    const small = lockedLobby({ maxMembers: 1 }, null);
    expect(small.admit('Anna').welcome.members[0]?.channel).toBe(LOBBY);
    expect(small.admit('Ben').welcome.members[1]?.channel).toBeNull();
    expect(small.admit('Anna').welcome.members.at(-1)?.channel).toBe(LOBBY);
  });
});

describe('limits', () => {
  test('one address may open so many lanes; others are not shut out by it', () => {
    const room = roomWith({ maxMembers: MAX_ROOM_MEMBERS });
    for (let at = 0; at < MAX_LANES_PER_ADDRESS; at += 1) {
      room.admit(`Anna ${at}`, { address: '::ffff:203.0.113.7' });
      room.hush();
    }
    const beyond = room.open('203.0.113.7');
    expect(answerOn(room, beyond)).toBe('tooManyConnections');
    expect(room.closed).toEqual([beyond]);
    room.admit('Ben', { address: '203.0.113.8' });
    room.hangUp(1);
    // The place is held, and it counts.
    expect(answerOn(room, room.greet('Cleo', { address: '203.0.113.7' }))).toBe('tooManyConnections');
    expect(room.engine.stats()).toMatchObject({
      lanesClosedFromOneAddress: 1,
      members: MAX_LANES_PER_ADDRESS + 1,
    });
  });

  test('the largest room, the longest names and all roles make a welcome that a lane carries', () => {
    const wide = (length: number, distinct: number): string =>
      String.fromCharCode(0x4e00 + distinct) + '\u4e00'.repeat(length - 1);
    const { snapshot } = roomWith().options;
    const config = { ...simChannelConfig, enterRole: 1, bitrate: 510_000, historyDays: 365, maxMembers: 200 };
    const channels = Array.from({ length: MAX_CHANNELS }, (_, at) => ({
      info: {
        id: 0xffff_ffff - at,
        parent: null,
        name: wide(MAX_ROOM_NAME_LENGTH, at),
        locked: false,
        config,
      },
      passwordHash: null,
    }));
    const roles = Array.from({ length: MAX_ROLES - 3 }, (_, at) => ({
      id: FIRST_CUSTOM_ROLE_ID + at,
      name: wide(MAX_ROOM_NAME_LENGTH, at),
      rank: 99,
      permissions: [...permissionSchema.options],
    }));
    const room = roomWith({
      snapshot: { ...snapshot, channels, roles },
      maxMembers: MAX_MEMBERS_PAGE,
      roomName: wide(MAX_ROOM_NAME_LENGTH, 0),
    });
    for (let at = 1; at < MAX_MEMBERS_PAGE; at += 1) {
      room.admit(wide(MAX_NICKNAME_LENGTH, at), { seed: `n${at}`, address: `192.0.2.${at % 9}` });
      room.hush();
    }
    const { welcome } = room.admit(wide(MAX_NICKNAME_LENGTH, 0), { seed: 'last' });
    expect(relayMessageSchema.safeParse(welcome).success).toBe(true);
    const bytes = new TextEncoder().encode(JSON.stringify(welcome)).length;
    expect(bytes).toBeLessThan(MAX_LANE_MESSAGE_BYTES);
    expect(bytes).toBeGreaterThan(MAX_LANE_MESSAGE_BYTES * 0.5);
    expect(answerOn(room, room.greet('one more'))).toBe('roomFull');
  });

  test('options that break one are a defect of the host', () => {
    const { snapshot } = roomWith().options;
    const [first] = snapshot.channels;
    if (first === undefined) throw new Error('a room has channels');
    const withChannels = (channels: typeof snapshot.channels) => () =>
      roomWith({ snapshot: { ...snapshot, channels } });
    const numbered = (count: number) =>
      Array.from({ length: count }, (_, id) => ({ ...first, info: { ...first.info, id } }));
    expect(withChannels([])).toThrow(/has a channel/);
    expect(withChannels([first, first])).toThrow(/unique/);
    expect(withChannels(numbered(MAX_CHANNELS))).not.toThrow();
    expect(withChannels(numbered(MAX_CHANNELS + 1))).toThrow(/channels/);
    expect(() => roomWith({ maxMembers: MAX_ROOM_MEMBERS + 1 })).toThrow(/maxMembers/);
    expect(() => roomWith({ maxMembers: 0 })).toThrow(/maxMembers/);
  });
});
