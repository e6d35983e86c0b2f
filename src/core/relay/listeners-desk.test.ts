import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { shapeOfWhisperKey, simIdentity } from '../sim/sim-room.ts';
import { CELLAR, CLOSET, DONE_7, KITCHEN, LOBBY, refused7, StaffedRoom } from '../sim/staffed-room.ts';
import { MAX_CHANNEL_MEMBERS, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import { relayMessageSchema } from '../wire/control.ts';
import { LISTENERS_NICKNAME } from '../wire/fields.ts';
import { ADMIN_ROLE_ID, MEMBER_ROLE_ID, MODERATOR_ROLE_ID } from '../wire/roles.ts';
import type { AdminCommand } from './admin-port.ts';
import { MAX_LANES_PER_ADDRESS } from './lanes.ts';
import {
  admission,
  change,
  GATEWAY,
  guard,
  OK,
  open,
  refusal,
  refusalOn,
  root,
  standing,
  startRoom,
} from './listeners-rig.ts';
import type { StoredChannel, StoredSession } from './relay-store.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

describe('letting the gateways in', () => {
  test('is for the highest rank, where the switch is on, one in each channel, and stands in the log', () => {
    const { room } = startRoom(mac);
    const command = admission(room, LOBBY);
    expect(room.command(guard, command)).toMatchObject(
      refusal('notAllowed', { kind: 'role', action: 'manage', required: 'Admin', own: 'Moderator' }),
    );
    expect(room.command(root, { ...command, identity: 'nobody' } as AdminCommand)).toEqual(
      refusal('badMessage'),
    );
    expect(room.command(root, admission(room, 99))).toEqual(refusal('unknownChannel'));
    expect(room.command(root, command)).toEqual(refusal('notAllowed'));
    expect(room.store.audits).toEqual([]);
    change(room, LOBBY, { listeners: true });
    room.store.audits.length = 0;
    room.store.failing = true;
    expect(room.command(root, command)).toEqual(refusal('storageFailed'));
    room.store.failing = false;
    expect(room.command(root, command)).toEqual(OK);
    // Said twice it is as good as said once.
    expect(room.command(root, command)).toEqual(OK);
    expect(room.command(root, admission(room, LOBBY, 'another'))).toEqual(refusal('notAllowed'));
    expect(room.command(guard, { kind: 'dismissListeners', identity: simIdentity(1) })).toMatchObject({
      code: 'notAllowed',
    });
    const { identity } = room.entrant(GATEWAY);
    room.store.failing = true;
    expect(room.command(root, { kind: 'dismissListeners', identity })).toEqual(refusal('storageFailed'));
    room.store.failing = false;
    for (const _ of [1, 2]) expect(room.command(root, { kind: 'dismissListeners', identity })).toEqual(OK);
    expect(room.store.audits).toMatchObject([
      { by: 'account:root', action: 'admitListeners', subject: String(LOBBY) },
      { by: 'account:root', action: 'dismissListeners', subject: String(LOBBY) },
    ]);
    expect(room.command(root, admission(room, LOBBY, 'another'))).toEqual(OK);
  });

  test('is not for somebody who is somebody here already', () => {
    const { room, olga } = startRoom(mac);
    for (const channel of [LOBBY, KITCHEN]) change(room, channel, { listeners: true });
    const { identity } = room.entrant('Ben');
    room.command(root, { kind: 'assignRole', identity, role: MODERATOR_ROLE_ID });
    room.command(root, {
      kind: 'admitBots',
      identities: [room.entrant('bot').identity],
      channelName: 'Test',
    });
    expect(room.command(root, admission(room, LOBBY))).toEqual(OK);
    for (const seed of ['Mona', 'Ben', 'bot', GATEWAY]) {
      expect(room.command(root, admission(room, KITCHEN, seed))).toEqual(refusal('notAllowed'));
    }
    room.say(olga.lane, { type: 'bye' });
    expect(room.command(root, admission(room, KITCHEN, 'Olga'))).toEqual(refusal('notAllowed'));
    // Nor is a gateway a bot, or a moderator.
    room.command(root, { kind: 'dismissBots' });
    const gateway = room.entrant(GATEWAY).identity;
    expect(room.command(root, { kind: 'admitBots', identities: [gateway], channelName: 'Test' })).toEqual(
      refusal('notAllowed'),
    );
    expect(room.command(root, { kind: 'assignRole', identity: gateway, role: MODERATOR_ROLE_ID })).toEqual(
      refusal('notAllowed'),
    );
  });

  test('puts it straight into its channel, past limits, bans, roles and passwords, under its own name', () => {
    const { room, mona } = startRoom(mac, { maxMembers: 3 });
    const range = { kind: 'range', range: '198.51.100.0/24' } as const;
    room.command(root, { kind: 'ban', subject: range, reason: '', seconds: null });
    room.admit('Anna');
    change(room, CELLAR, { listeners: true, enterRole: ADMIN_ROLE_ID, maxMembers: 1 });
    change(room, LOBBY, { listeners: true, enterRole: ADMIN_ROLE_ID });
    room.hush();
    room.news.length = 0;
    const address = '198.51.100.9';
    for (const [seed, channel] of [
      ['first', CELLAR],
      ['second', LOBBY],
    ] as const) {
      expect(room.command(root, admission(room, channel, seed))).toEqual(OK);
      // Whatever it says it is called.
      const member = room.admit('Mona', { seed, address });
      expect(member.welcome.members.find(({ token }) => token === member.token)).toMatchObject({
        nickname: LISTENERS_NICKNAME,
        channel,
        role: MEMBER_ROLE_ID,
      });
    }
    expect(standing(room)).toEqual([
      { nickname: LISTENERS_NICKNAME, channel: CELLAR },
      { nickname: LISTENERS_NICKNAME, channel: LOBBY },
    ]);
    const told = room.take(mona.lane).filter((message) => message.type === 'memberJoined');
    expect(told.map(({ member }) => [member.nickname, member.channel])).toEqual([
      [LISTENERS_NICKNAME, CELLAR],
      [LISTENERS_NICKNAME, LOBBY],
    ]);
    for (const message of told) expect(relayMessageSchema.safeParse(message).success).toBe(true);
    expect(room.news.filter(({ type }) => type === 'member')).toMatchObject([
      { member: { listeners: true, bot: false } },
      { member: { listeners: true, bot: false } },
    ]);
    // A person is judged as ever.
    expect(refusalOn(room, room.greet('Eve', { address }))).toMatchObject({ code: 'banned' });
  });

  test('leaves the places of an address to its people', () => {
    const { room } = startRoom(mac, { maxMembers: MAX_ROOM_MEMBERS });
    const address = '198.51.100.9';
    for (let at = 0; at < MAX_LANES_PER_ADDRESS; at += 1) room.admit(`Anna ${at}`, { address });
    change(room, LOBBY, { listeners: true });
    expect(room.command(root, admission(room, LOBBY))).toEqual(OK);
    const gateway = room.admit(LISTENERS_NICKNAME, { seed: GATEWAY, address });
    expect(room.engine.lanesBeyondAddress).toBe(1);
    expect(refusalOn(room, room.greet('Anna', { address }))).toMatchObject({ code: 'tooManyConnections' });
    room.hangUp(gateway.lane);
    expect(room.admit(LISTENERS_NICKNAME, { seed: GATEWAY, address })).not.toBeNull();
    room.command(root, { kind: 'dismissListeners', identity: gateway.identity });
    expect(room.engine.lanesBeyondAddress).toBe(0);
    expect(refusalOn(room, room.greet('Anna', { address }))).toMatchObject({ code: 'tooManyConnections' });
  });
});

describe('its name', () => {
  test.each([LISTENERS_NICKNAME, 'listeners', ' LISTENERS ', 'Lis\u200dteners', '\u2060listenerS'])(
    'is nobody else’s, here or not: %j',
    (nickname) => {
      const { room } = startRoom(mac);
      expect(refusalOn(room, room.greet(nickname, { seed: 'Eve' }))).toMatchObject({
        code: 'nicknameTaken',
      });
      open(room, LOBBY);
      expect(refusalOn(room, room.greet(nickname, { seed: 'Eve' }))).toMatchObject({
        code: 'nicknameTaken',
      });
      // One that was put out is nobody any more.
      room.command(root, { kind: 'dismissListeners', identity: room.entrant(GATEWAY).identity });
      expect(refusalOn(room, room.greet(nickname, { seed: GATEWAY }))).toMatchObject({
        code: 'nicknameTaken',
      });
      expect(room.enter('Listener', { seed: 'Eve' })).not.toBeNull();
    },
  );

  test('is given up by whoever had it when there was no such rule', () => {
    const { snapshot } = startRoom(mac).room.options;
    const room = new StaffedRoom(mac, {
      snapshot: { ...snapshot, sessions: [storedSession(1, 'listeners'), storedSession(2, 'Anna')] },
    });
    expect(room.engine.adminView().members.map(({ nickname }) => nickname)).toEqual(['Anna']);
    expect(room.engine.stats()).toMatchObject({ sessionsNotRestored: 1, sessionsRestored: 1 });
  });
});

function storedSession(at: number, nickname: string, channel: number | null = null): StoredSession {
  return {
    token: at,
    identity: simIdentity(at),
    nickname,
    resumeHash: '',
    previousResumeHash: null,
    whisperKey: shapeOfWhisperKey,
    channel,
    muted: false,
    deafened: false,
    mutedForAll: false,
    whisperLists: [],
    chatTaken: 0,
    delivered: 0,
    heldSinceMs: null,
  };
}

describe('places', () => {
  /** A room with so many people in the lobby, who are away. */
  function crowded(people: number, listeners = true): StaffedRoom {
    const { snapshot } = startRoom(mac).room.options;
    const channels = snapshot.channels.map((stored): StoredChannel => {
      const config = { ...stored.info.config, listeners, maxMembers: MAX_CHANNEL_MEMBERS };
      return stored.info.id === LOBBY ? { ...stored, info: { ...stored.info, config } } : stored;
    });
    const sessions = Array.from({ length: people }, (_, at) =>
      storedSession(at + 1, `Member ${at + 1}`, at < MAX_CHANNEL_MEMBERS ? LOBBY : null),
    );
    return new StaffedRoom(mac, {
      snapshot: { ...snapshot, channels, sessions },
      maxMembers: MAX_ROOM_MEMBERS,
    });
  }

  test('of a channel are for people: the gateways’ member takes none', () => {
    const { room, mona } = startRoom(mac);
    open(room, CLOSET);
    expect(room.answerTo(mona, { kind: 'join', channel: CLOSET })).toEqual(DONE_7);
    const anna = room.admit('Anna');
    const rule = { kind: 'channelFull', channel: 'Closet', limit: 1 };
    expect(room.answerTo(anna, { kind: 'join', channel: CLOSET })).toEqual(refused7('notAllowed', rule));
    expect(room.command(root, { kind: 'move', member: anna.token, channel: CLOSET })).toEqual(
      refusal('notAllowed', rule),
    );
  });

  test('of the largest channel are one less for people where there is such a member', () => {
    const room = crowded(MAX_CHANNEL_MEMBERS - 2);
    expect(room.command(root, admission(room, LOBBY))).toEqual(OK);
    const landing = (name: string): number | null | undefined =>
      room.admit(name).welcome.members.find(({ nickname }) => nickname === name)?.channel;
    expect(landing('Anna')).toBe(LOBBY);
    expect(landing('Ben')).toBeNull();
    // Its place was kept.
    room.admit(LISTENERS_NICKNAME, { seed: GATEWAY });
    expect(standing(room)).toEqual([{ nickname: LISTENERS_NICKNAME, channel: LOBBY }]);
    const rule = { kind: 'channelFull', channel: 'Lobby', limit: MAX_CHANNEL_MEMBERS - 1 };
    const ben = room.admit('Ben');
    expect(room.answerTo(ben, { kind: 'join', channel: LOBBY })).toEqual(refused7('notAllowed', rule));
    room.command(root, { kind: 'dismissListeners', identity: room.entrant(GATEWAY).identity });
    expect(room.answerTo(ben, { kind: 'join', channel: LOBBY })).toEqual(DONE_7);
  });

  test('that people have are theirs: in a channel that is full already the gateways wait', () => {
    const room = crowded(MAX_CHANNEL_MEMBERS - 1);
    const anna = room.admit('Anna');
    expect(room.command(root, admission(room, LOBBY))).toEqual(OK);
    const gateway = { seed: GATEWAY };
    expect(refusalOn(room, room.greet(LISTENERS_NICKNAME, gateway))).toMatchObject({
      code: 'notAllowed',
      rule: { kind: 'channelFull', limit: MAX_CHANNEL_MEMBERS },
    });
    room.say(anna.lane, { type: 'leave' });
    const first = room.admit(LISTENERS_NICKNAME, gateway);
    expect(room.answerTo(anna, { kind: 'join', channel: LOBBY })).toMatchObject({ code: 'notAllowed' });
    // It comes again before the old connection is known to be dead.
    expect(room.admit(LISTENERS_NICKNAME, gateway).welcome.resumed).toBe(false);
    expect(room.closed).toContain(first.lane);
  });

  test('of the largest room are kept for it, too', () => {
    const full = crowded(MAX_ROOM_MEMBERS);
    expect(full.command(root, admission(full, LOBBY))).toEqual(refusal('roomFull'));
    const room = crowded(MAX_ROOM_MEMBERS - 2);
    change(room, KITCHEN, { listeners: true });
    change(room, CELLAR, { listeners: true });
    for (const channel of [KITCHEN, CELLAR]) {
      expect(room.command(root, admission(room, channel, `gateway ${channel}`))).toEqual(OK);
    }
    // Nobody has taken the two places yet, and they are taken.
    expect(room.command(root, admission(room, LOBBY))).toEqual(refusal('roomFull'));
    expect(
      room.command(root, { kind: 'admitBots', identities: [simIdentity(9_999)], channelName: 'Test' }),
    ).toEqual(refusal('roomFull'));
    expect(refusalOn(room, room.greet('Anna'))).toMatchObject({ code: 'roomFull' });
    for (const channel of [KITCHEN, CELLAR]) {
      room.admit(LISTENERS_NICKNAME, { seed: `gateway ${channel}` });
    }
    expect(room.engine.stats().members).toBe(MAX_ROOM_MEMBERS);
  });
});
