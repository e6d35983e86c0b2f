import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { freshSnapshot, shapeOfWhisperKey, simChannelConfig, simIdentity } from '../sim/sim-room.ts';
import { DONE_7, KITCHEN, LOBBY, refused7, StaffedRoom } from '../sim/staffed-room.ts';
import { MAX_CHANNELS, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import { PROTOCOL_VERSION, relayMessageSchema } from '../wire/control.ts';
import { ADMIN_ROLE_ID, MEMBER_ROLE_ID, MODERATOR_ROLE_ID } from '../wire/roles.ts';
import type { AdminActor, AdminCommand, AdminOutcome } from './admin-port.ts';
import { BOTS_GONE_MS, MAX_BOT_STAY_MS, MAX_BOTS } from './bot-roster.ts';
import type { MemberKind } from './kept-places.ts';
import { MAX_LANES_PER_ADDRESS } from './lanes.ts';
import { Room } from './room.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const root: AdminActor = { account: 'root', role: ADMIN_ROLE_ID };
const guard: AdminActor = { account: 'guard', role: MODERATOR_ROLE_ID };

/** The channel of the first test in a staffed room. */
const TEST = 7;

const OK: AdminOutcome = { ok: true, channel: null };

function refusal(code: string, rule: unknown = null): object {
  return { ok: false, code, rule };
}

function admitCommand(identities: readonly string[]): AdminCommand {
  return { kind: 'admitBots', identities, channelName: 'Stress test' };
}

function botNames(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `Bot ${at + 1}`);
}

/** Opens the channel of a test for so many bots. @returns their nicknames */
function openTest(room: StaffedRoom, count: number): string[] {
  const names = botNames(count);
  const identities = names.map((name) => room.entrant(name).identity);
  expect(room.command(root, admitCommand(identities))).toEqual({ ok: true, channel: TEST });
  return names;
}

function bots(room: StaffedRoom): string[] {
  return room.engine
    .adminView()
    .members.filter(({ bot }) => bot)
    .map(({ nickname }) => nickname);
}

function startRoom(options: ConstructorParameters<typeof StaffedRoom>[1] = {}) {
  const room = new StaffedRoom(mac, options);
  const olga = room.admit('Olga', { address: '127.0.0.1' });
  const mona = room.admit('Mona', { address: '192.0.2.20' });
  room.hush();
  room.news.length = 0;
  return { room, olga, mona };
}

describe('a stress test', () => {
  test('is for the highest rank, and there is one at a time', () => {
    const { room } = startRoom();
    expect(room.command(guard, admitCommand([simIdentity(1)]))).toMatchObject(
      refusal('notAllowed', { kind: 'role', action: 'manage', required: 'Admin', own: 'Moderator' }),
    );
    expect(room.command(guard, { kind: 'dismissBots' })).toMatchObject({ code: 'notAllowed' });
    expect(room.store.audits).toEqual([]);
    openTest(room, 2);
    expect(room.command(root, admitCommand([simIdentity(1)]))).toEqual(refusal('testRunning'));
    expect(room.command(root, { kind: 'dismissBots' })).toEqual(OK);
    expect(room.command(root, { kind: 'dismissBots' })).toEqual(OK);
    expect(room.store.audits).toMatchObject([
      { by: 'account:root', action: 'admitBots', subject: String(TEST) },
      { by: 'account:root', action: 'dismissBots', subject: String(TEST) },
    ]);
    expect(room.command(root, admitCommand([simIdentity(1)]))).toEqual({ ok: true, channel: TEST + 1 });
  });

  test('takes so many bots and no more, none of whom is somebody here, and needs a channel', () => {
    const { room, olga, mona } = startRoom();
    const many = Array.from({ length: MAX_BOTS + 1 }, (_, at) => simIdentity(at + 1));
    expect(room.command(root, admitCommand(many))).toEqual(refusal('badMessage'));
    const [first = ''] = many;
    room.answerTo(olga, { kind: 'assignRole', identity: first, role: MODERATOR_ROLE_ID });
    for (const identity of [first, olga.identity, mona.identity]) {
      expect(room.command(root, admitCommand([identity]))).toEqual(refusal('notAllowed'));
    }
    room.say(olga.lane, { type: 'bye' });
    // The owner is the owner, here or not.
    expect(room.command(root, admitCommand([olga.identity]))).toEqual(refusal('notAllowed'));
    const config = { ...simChannelConfig, manageRole: ADMIN_ROLE_ID };
    while (room.engine.adminView().channels.length < MAX_CHANNELS) {
      room.command(root, { kind: 'createChannel', name: 'Garden', parent: null, config, password: null });
    }
    expect(room.command(root, admitCommand(['A'.repeat(43)]))).toEqual(refusal('tooManyChannels'));
  });

  test('does not begin where a relay has no place for all of its bots', () => {
    const { snapshot } = startRoom().room.options;
    const sessions = Array.from({ length: MAX_ROOM_MEMBERS - 2 }, (_, at) => ({
      token: at + 1,
      identity: simIdentity(at + 1),
      nickname: `Member ${at + 1}`,
      resumeHash: '',
      previousResumeHash: null,
      whisperKey: shapeOfWhisperKey,
      channel: null,
      muted: false,
      deafened: false,
      mutedForAll: false,
      whisperLists: [],
      chatTaken: 0,
      delivered: 0,
      heldSinceMs: null,
    }));
    const room = new StaffedRoom(mac, {
      snapshot: { ...snapshot, sessions },
      maxMembers: MAX_ROOM_MEMBERS,
    });
    const three = botNames(3).map((name) => room.entrant(name).identity);
    expect(room.command(root, admitCommand(three))).toEqual(refusal('roomFull'));
    for (const name of openTest(room, 2)) room.admit(name);
    expect(room.engine.stats().members).toBe(MAX_ROOM_MEMBERS);
    expect(room.enter('Anna')).toBeNull();
  });

  test('lets its bots into a full room, from a banned and crowded address, past the password of the door', () => {
    const { room, mona } = startRoom({ maxMembers: 3 });
    const olga2 = room.admit('Olga');
    const config = { ...simChannelConfig, manageRole: ADMIN_ROLE_ID };
    room.answerTo(olga2, {
      kind: 'changeChannel',
      channel: LOBBY,
      name: 'Lobby',
      config,
      password: 'sesame',
    });
    room.answerTo(olga2, {
      kind: 'ban',
      subject: { kind: 'range', range: '198.51.100.0/24' },
      reason: '',
      seconds: null,
    });
    room.admit('Anna', { password: 'sesame' });
    const address = '198.51.100.9';
    const names = openTest(room, MAX_LANES_PER_ADDRESS + 8);
    room.news.length = 0;
    for (const name of names) room.admit(name, { address });
    expect(bots(room)).toEqual(names);
    expect(room.engine.stats()).toMatchObject({ members: names.length + 3, lanesClosedFromOneAddress: 0 });
    for (const news of room.news) {
      expect(news).toMatchObject({
        type: 'member',
        member: { bot: true, channel: TEST, role: MEMBER_ROLE_ID },
      });
    }
    expect(room.news).toHaveLength(names.length);
    // To members they are members of that channel like any other.
    const told = room.take(mona.lane).filter((message) => message.type === 'memberJoined');
    expect(told.slice(-names.length).every(({ member }) => member.channel === TEST)).toBe(true);
    for (const message of told) expect(relayMessageSchema.safeParse(message).success).toBe(true);
    // A stranger is judged as ever.
    expect(room.take(room.greet('Eve', { address })).at(-1)).toMatchObject({ code: 'banned' });
    expect(room.take(room.greet('Ben')).at(-1)).toMatchObject({ code: 'roomFull' });
    // And takes no less of a place than before when there is one.
    room.say(mona.lane, { type: 'bye' });
    expect(room.admit('Ben', { password: 'sesame' }).welcome.members.at(-1)).toMatchObject({
      channel: LOBBY,
    });
  });

  test('leaves the places of an address to its people', () => {
    const { room } = startRoom({ maxMembers: MAX_ROOM_MEMBERS });
    const address = '198.51.100.9';
    const names = openTest(room, 20);
    for (const name of names) room.admit(name, { address });
    for (let at = 0; at < MAX_LANES_PER_ADDRESS; at += 1) room.admit(`Anna ${at}`, { address });
    expect(room.take(room.greet('Anna', { address })).at(-1)).toMatchObject({ code: 'tooManyConnections' });
    // Also when bots have gone again.
    const [first] = room.engine.adminView().members.filter(({ bot }) => bot);
    room.command(root, { kind: 'kick', member: first?.token ?? 0, reason: '' });
    expect(room.take(room.greet('Anna', { address })).at(-1)).toMatchObject({ code: 'tooManyConnections' });
    room.command(root, { kind: 'dismissBots' });
    expect(room.take(room.greet('Anna', { address })).at(-1)).toMatchObject({ code: 'tooManyConnections' });
  });

  test('keeps bots and members apart', () => {
    const { room, olga, mona } = startRoom();
    const [name = ''] = openTest(room, 2);
    const bot = room.admit(name);
    const anna = room.admit('Anna');
    // The owner may enter any channel but that one.
    expect(room.answerTo(olga, { kind: 'join', channel: TEST })).toEqual(refused7('notAllowed'));
    expect(room.answerTo(anna, { kind: 'join', channel: TEST })).toMatchObject({ rule: { kind: 'role' } });
    expect(room.answerTo(mona, { kind: 'move', member: anna.token, channel: TEST })).toEqual(
      refused7('notAllowed'),
    );
    expect(room.answerTo(mona, { kind: 'move', member: bot.token, channel: KITCHEN })).toEqual(
      refused7('notAllowed'),
    );
    expect(room.answerTo(bot, { kind: 'join', channel: KITCHEN })).toEqual(refused7('notAllowed'));
    const role = { kind: 'assignRole', identity: bot.identity, role: MODERATOR_ROLE_ID } as const;
    expect(room.answerTo(olga, role)).toEqual(refused7('notAllowed'));
    const config = { ...simChannelConfig, manageRole: ADMIN_ROLE_ID };
    expect(room.answerTo(olga, { kind: 'changeChannel', channel: TEST, name: 'Mine', config })).toEqual(
      refused7('notAllowed'),
    );
    expect(
      room.answerTo(olga, { kind: 'createChannel', name: 'Mine', parent: TEST, config, password: null }),
    ).toEqual(refused7('notAllowed'));
    expect(room.answerTo(olga, { kind: 'removeChannel', channel: TEST })).toEqual(refused7('notAllowed'));
    room.take(anna.lane);
    room.tell(anna, 1, 'Hello?', bot);
    expect(room.take(anna.lane)).toMatchObject([{ type: 'refused', code: 'unknownMember', chat: 1 }]);
    room.take(bot.lane);
    room.tell(bot, 1, 'Hello!', anna);
    expect(room.take(bot.lane)).toMatchObject([{ type: 'refused', code: 'notAllowed', chat: 1 }]);
    expect(room.take(anna.lane)).toEqual([]);
    // What is done to one bot leaves nothing behind.
    expect(room.answerTo(mona, { kind: 'muteForAll', member: bot.token, muted: true })).toEqual(DONE_7);
    expect(room.answerTo(mona, { kind: 'kick', member: bot.token, reason: '' })).toEqual(DONE_7);
    expect(room.admit(name).welcome.members.at(-1)).toMatchObject({ mutedForAll: false });
  });

  test('is written down nowhere: a relay that dies in the middle begins without it', () => {
    const { room } = startRoom();
    const before = room.store.snapshot();
    const [first = '', second = ''] = openTest(room, 2);
    const bot = room.admit(first);
    room.answerTo(bot, { kind: 'whisperList', list: 0x8000_0001, targets: [bot.token] });
    room.say(bot.lane, { type: 'state', muted: true, deafened: false });
    room.admit(second);
    expect(room.store.snapshot()).toEqual(before);
    room.restart();
    expect(room.engine.adminView().channels.map(({ id }) => id)).not.toContain(TEST);
    expect(bots(room)).toEqual([]);
  });

  test('does not keep a relay from restarting with everybody’s place', () => {
    const { room, mona } = startRoom();
    const [name = ''] = openTest(room, 1);
    room.admit(name);
    room.engine.close('restarting', room.nowMs, room.out);
    expect(room.engine.stats()).toMatchObject({ members: 0, lanes: 0 });
    room.restart();
    expect(room.admit('Mona', { resume: room.ticket(mona) }).welcome.resumed).toBe(true);
    expect(room.engine.stats()).toMatchObject({ members: 2, storeFailures: 0 });
  });
});

describe('places', () => {
  function roomFor(maxMembers: number): { room: Room; enter: (kind: MemberKind) => void } {
    let drawn = 0;
    const draw = (): number => {
      drawn += 1;
      return drawn;
    };
    const room = new Room(freshSnapshot().channels, maxMembers, draw, () => 0);
    const enter = (kind: MemberKind): void => {
      const token = room.drawToken();
      const name = `Member ${token}`;
      const role = { id: MEMBER_ROLE_ID, name: 'Member', rank: 0, permissions: [] };
      const keys = { pathKey: new Uint8Array(32), whisperKey: shapeOfWhisperKey };
      const newcomer = { identity: simIdentity(token), nickname: name, nicknameKey: name, lane: token };
      room.admit(token, { ...newcomer, ...keys, role, kind }, 0);
    };
    return { room, enter };
  }

  test('of bots are not those of members, but both fit what a room can have', () => {
    const { room, enter } = roomFor(3);
    room.reserve('bot', 2);
    enter('person');
    enter('bot');
    enter('bot');
    enter('person');
    expect([room.size, room.full]).toEqual([4, false]);
    enter('person');
    expect(room.full).toBe(true);
    enter('bot');
    const large = roomFor(MAX_ROOM_MEMBERS);
    large.room.reserve('bot', MAX_ROOM_MEMBERS - 2);
    large.enter('person');
    expect([large.room.full, large.room.free]).toEqual([false, 1]);
    large.enter('person');
    expect([large.room.full, large.room.free]).toEqual([true, 0]);
    large.room.reserve('bot', 0);
    expect(large.room.full).toBe(false);
  });
});

describe('a bot', () => {
  test('holds no place, and comes back as anew, for as long as the test is on', () => {
    const { room, mona } = startRoom();
    const [name = '', other = ''] = openTest(room, 2);
    room.admit(other);
    const bot = room.admit(name);
    room.take(mona.lane);
    room.hangUp(bot.lane);
    expect(room.take(mona.lane)).toEqual([{ type: 'memberLeft', token: bot.token }]);
    const again = room.admit(name, { resume: room.ticket(bot) });
    expect(again.welcome.resumed).toBe(false);
    // Half-open: the old connection stands yet.
    const third = room.admit(name, { resume: room.ticket(again) });
    expect([third.welcome.resumed, room.closed]).toEqual([false, [again.lane]]);
    expect(room.engine.stats()).toMatchObject({ sessionsHeld: 0, resumed: 0, resumesUnknownToken: 2 });
    expect(bots(room)).toEqual([other, name]);
  });

  test('is put out with the channel, also one that has not proved yet who it is, and does not come in late', () => {
    const { room, mona } = startRoom();
    const names = openTest(room, 4);
    const inside = names.slice(0, 2).map((name): RecordedMember => room.admit(name));
    const { identity } = room.entrant(names[2] ?? '');
    const greeted = room.open();
    room.say(greeted, { type: 'hello', protocol: PROTOCOL_VERSION, nickname: 'Bot 3', identity });
    room.hush();
    room.news.length = 0;
    expect(room.command(root, { kind: 'dismissBots' })).toEqual(OK);
    const parting = { type: 'refused', code: 'kicked', rule: null, request: null, chat: null };
    for (const { lane } of inside) expect(room.take(lane)).toContainEqual(parting);
    expect(room.take(greeted)).toEqual([parting]);
    expect(room.closed).toEqual([...inside.map(({ lane }) => lane), greeted]);
    const left = inside.map(({ token }) => ({ type: 'memberLeft', token }));
    expect(room.take(mona.lane)).toEqual([...left, { type: 'channelRemoved', channel: TEST }]);
    expect(room.news).toEqual([{ type: 'audit' }, ...left, { type: 'channelRemoved', channel: TEST }]);
    expect(room.take(room.greet(names[3] ?? ''))).toEqual([parting]);
    expect(bots(room)).toEqual([]);
    expect(room.strayMessages).toBe(0);
  });

  test('is hit by a ban on itself, but by none on its address', () => {
    const { room } = startRoom();
    const [first = '', second = ''] = openTest(room, 2);
    const bot = room.admit(first, { address: '198.51.100.9' });
    const waiting = room.open('198.51.100.9');
    const { identity } = room.entrant(second);
    room.say(waiting, { type: 'hello', protocol: PROTOCOL_VERSION, nickname: second, identity });
    const ban = (subject: Extract<AdminCommand, { kind: 'ban' }>['subject']): AdminOutcome | undefined =>
      room.command(root, { kind: 'ban', subject, reason: '', seconds: null });
    expect(ban({ kind: 'range', range: '198.51.100.0/24' })).toEqual(OK);
    expect(ban({ kind: 'addressOf', member: bot.token })).toEqual(refusal('unknownMember'));
    expect(room.closed).toEqual([]);
    expect(ban({ kind: 'identity', identity: bot.identity })).toEqual(OK);
    expect(room.closed).toEqual([bot.lane]);
    expect(room.take(room.greet(first)).at(-1)).toMatchObject({ code: 'banned' });
  });
});

describe('a test that nobody ends', () => {
  test('is over when no bot came, or all have been gone for a while', () => {
    const { room, olga } = startRoom();
    const isOpen = (): boolean => room.engine.adminView().channels.some(({ id }) => id === TEST);
    const [name = ''] = openTest(room, 1);
    room.wait([olga], BOTS_GONE_MS - 10);
    const bot = room.admit(name);
    room.wait([olga, bot], BOTS_GONE_MS * 2);
    expect(isOpen()).toBe(true);
    room.hangUp(bot.lane);
    room.pass(BOTS_GONE_MS - 1);
    expect(isOpen()).toBe(true);
    room.say(olga.lane, { type: 'ping', id: 0 });
    room.news.length = 0;
    room.pass(1);
    expect(isOpen()).toBe(false);
    expect(room.news).toEqual([{ type: 'audit' }, { type: 'channelRemoved', channel: TEST }]);
    expect(room.store.audits.at(-1)).toMatchObject({ by: '', action: 'dismissBots' });
    expect(room.engine.stats()).toMatchObject({ storeFailures: 0 });
  });

  test('is over after its longest time, whoever is still there, and though the disk refuses the line', () => {
    const { room, olga } = startRoom();
    const [name = ''] = openTest(room, 1);
    const bot = room.admit(name);
    room.wait([olga, bot], MAX_BOT_STAY_MS - 10_000);
    expect(bots(room)).toEqual([name]);
    room.store.failing = true;
    room.wait([olga, bot], 10_000);
    expect(bots(room)).toEqual([]);
    expect(room.closed).toContain(bot.lane);
    expect(room.engine.stats()).toMatchObject({ storeFailures: 1 });
  });
});
