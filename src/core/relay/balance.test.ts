import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simChannelConfig } from '../sim/sim-room.ts';
import { CELLAR, KITCHEN, LIBRARY, LOBBY, StaffedRoom } from '../sim/staffed-room.ts';
import type { ClientMessage, Request } from '../wire/control.ts';
import { relayMessageSchema } from '../wire/control.ts';
import { WHISPER_LIST_BIT } from '../wire/datagram.ts';
import { LISTENERS_NICKNAME } from '../wire/fields.ts';
import { ADMIN_ROLE_ID, FIRST_CUSTOM_ROLE_ID, permissionSchema } from '../wire/roles.ts';
import type { AdminCommand, AdminView } from './admin-port.ts';
import { MAX_UNGREETED_LANES } from './lanes.ts';
import type { LaneId } from './relay-out.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 100);

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const people = ['Olga', 'Mona', 'Anna', 'Ben', 'Cleo', 'Dora'];
const bots = ['Bot 1', 'Bot 2'];
/** Those who may stand in a channel for the gateways. */
const gateways = ['Gateway 1', 'Gateway 2'];

/** What a hundred runs certainly come across. */
const reached = [
  'lanesClosedTooManyMessages',
  'lanesClosedSilent',
  'lanesClosedCrowded',
  'lanesClosedKicked',
  'lanesClosedBanned',
  'lanesClosedBye',
  'lanesClosedTakenOver',
  'lanesClosedSignedInElsewhere',
  'reactionsTooMany',
  'messagesBad',
  'resumed',
  'resumesUnknownToken',
  'holdsExpired',
  'chatsTaken',
  'chatsRepeated',
  'chatsRefused',
  'deliveriesSeen',
  'deliveriesForgotten',
  'passwordsRight',
  'passwordsWrong',
  'passwordsHashed',
  'passwordsForgotten',
  'bansEnded',
  'storeFailures',
  'hearingReportsDropped',
  'heardTold',
];

function sum(stats: Record<string, number>, ...names: string[]): number {
  return names.reduce((total, name) => total + (stats[name] ?? Number.NaN), 0);
}

function expectBalance(room: StaffedRoom): void {
  const stats = room.engine.stats();
  const closed = Object.keys(stats).filter((name) => name.startsWith('lanesClosed'));
  expect(stats.lanesOpened).toBe(sum(stats, 'lanes', ...closed));
  const messages = ['messagesTaken', 'messagesBad', 'messagesTooMany', 'reactionsTooMany'];
  expect(stats.messages).toBe(sum(stats, ...messages));
  expect(sum(stats, 'joined', 'sessionsRestored')).toBe(sum(stats, 'members', 'left'));
  expect(stats.chats).toBe(sum(stats, 'chatsTaken', 'chatsRepeated', 'chatsRefused'));
  expect(sum(stats, 'deliveries', 'deliveriesRestored')).toBe(
    sum(stats, 'deliveriesSeen', 'deliveriesDropped', 'deliveriesForgotten', 'deliveriesWaiting'),
  );
  const commands = ['Done', 'Refused', 'Bad', 'UnderWay'];
  expect(stats.adminCommands).toBe(sum(stats, ...commands.map((name) => `adminCommands${name}`)));
  const passwords = ['Right', 'Wrong', 'Hashed', 'Failed', 'Forgotten', 'UnderWay'];
  expect(stats.passwordJobs).toBe(sum(stats, ...passwords.map((name) => `passwords${name}`)));
}

/** What is kept must come back: nothing of a bot or a gateway is, and no session is in a channel that is not kept. */
function expectStoreStands(room: StaffedRoom): void {
  const { channels, sessions } = room.store.snapshot();
  const kept = new Set(channels.map(({ info }) => info.id));
  const names = new Set([...bots, ...gateways].map((name) => room.entrant(name).identity));
  for (const { channel, identity } of sessions) {
    expect(channel === null || kept.has(channel)).toBe(true);
    expect(names.has(identity)).toBe(false);
  }
  for (const { info } of channels) expect(info.parent === null || kept.has(info.parent)).toBe(true);
}

/** Those for gateways stand in channels that are open to listeners, one in each, under the name that is theirs alone. */
function expectListenersBelong({ channels, members }: AdminView): number {
  const standing = members.filter(({ listeners }) => listeners);
  for (const { channel } of standing) {
    expect(channels.find(({ id }) => id === channel)?.config.listeners).toBe(true);
  }
  expect(new Set(standing.map(({ channel }) => channel)).size).toBe(standing.length);
  for (const { nickname, listeners } of members) expect(nickname === LISTENERS_NICKNAME).toBe(listeners);
  return standing.length;
}

/** Everything that a member may say, with numbers that often mean something. */
function messagesOf(room: StaffedRoom): fc.Arbitrary<ClientMessage> {
  const tokens = room.store.snapshot().sessions.map((session) => session.token);
  const token = fc.constantFrom(1, ...tokens);
  const channel = fc.constantFrom(LOBBY, LOBBY, KITCHEN, CELLAR, CELLAR, LIBRARY, 7, 99);
  const role = fc.constantFrom(1, 2, 3, FIRST_CUSTOM_ROLE_ID, 99);
  const identity = fc.constantFrom(...people.map((name) => room.entrant(name).identity));
  const password = fc.constantFrom('sesame', 'wrong');
  const request: fc.Arbitrary<Request> = fc.oneof(
    fc.record({ kind: fc.constant('join'), channel, password }),
    fc.record({ kind: fc.constant('move'), member: token, channel }),
    fc.record({ kind: fc.constant('muteForAll'), member: token, muted: fc.boolean() }),
    fc.record({ kind: fc.constant('kick'), member: token, reason: fc.constant('noise') }),
    fc.record({
      kind: fc.constant('ban'),
      subject: fc.oneof(
        fc.record({ kind: fc.constant('identity'), identity }),
        fc.record({ kind: fc.constant('addressOf'), member: token }),
        fc.record({ kind: fc.constant('range'), range: fc.constantFrom('192.0.2.4/32', 'nonsense') }),
      ),
      reason: fc.constant(''),
      seconds: fc.constantFrom(1, 60, null),
    }),
    fc.record({ kind: fc.constant('unban'), ban: fc.nat(3) }),
    fc.constant({ kind: 'listBans' } as const),
    fc.record({
      kind: fc.constant('createChannel'),
      name: fc.constant('Garden'),
      parent: fc.option(channel),
      config: fc.constant(simChannelConfig),
      password: fc.option(password),
    }),
    fc.record({
      kind: fc.constant('changeChannel'),
      channel,
      name: fc.constant('Changed'),
      config: fc.record({
        ...Object.fromEntries(
          Object.entries(simChannelConfig).map(([key, value]) => [key, fc.constant(value)]),
        ),
        enterRole: role,
        listeners: fc.boolean(),
      }) as fc.Arbitrary<typeof simChannelConfig>,
      password: fc.option(password),
    }),
    fc.record({ kind: fc.constant('removeChannel'), channel }),
    fc.record({
      kind: fc.constant('saveRole'),
      role: fc.option(role),
      name: fc.constant('Guard'),
      rank: fc.nat(100),
      permissions: fc.subarray([...permissionSchema.options]),
    }),
    fc.record({ kind: fc.constant('removeRole'), role }),
    fc.record({ kind: fc.constant('assignRole'), identity, role }),
    fc.record({ kind: fc.constant('history'), channel, before: fc.option(fc.integer({ min: 1, max: 9 })) }),
    fc.record({
      kind: fc.constant('whisperList'),
      list: fc.constantFrom(1, WHISPER_LIST_BIT, WHISPER_LIST_BIT + 1),
      targets: fc.array(token, { maxLength: 3 }),
    }),
  );
  const to = fc.oneof(
    fc.record({ kind: fc.constant('channel'), channel }),
    fc.record({ kind: fc.constant('member'), identity }),
  );
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('request'), id: fc.nat(9), request }) },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('chat'), id: fc.nat(30), to, text: fc.constant('Hello') }),
    },
    fc.record({ type: fc.constant('chatSeen'), seen: fc.nat(5) }),
    fc.constant({ type: 'leave' } as const),
    fc.record({ type: fc.constant('state'), muted: fc.boolean(), deafened: fc.boolean() }),
    fc.record({ type: fc.constant('voicePath'), path: fc.constantFrom('udp', 'lane') }),
    fc.record({ type: fc.constant('ping'), id: fc.nat(9) }),
    fc.constant({ type: 'bye' } as const),
    fc.record({ type: fc.constant('whisperKey'), to: token, target: token, sealed: fc.constant('AAAA') }),
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('hearing'),
        reports: fc.array(
          fc.record({
            from: token,
            lostPermille: fc.nat(1_000),
            burstTenths: fc.integer({ min: 10, max: 99 }),
          }),
          { minLength: 1, maxLength: 3 },
        ),
      }),
    },
    fc.record({ type: fc.constant('keyPackage'), channel, package: fc.constant('AAAA') }),
  );
}

test(
  'whatever members do, every lane, message, session, chat and password is accounted for',
  () => {
    const totals: Record<string, number> = {};
    const sample = new StaffedRoom(mac);
    for (const [at, name] of people.entries()) sample.admit(name, { address: `192.0.2.${at}` });
    const often = <T>(weight: number, value: T) => ({ weight, arbitrary: fc.constant(value) });
    const step = fc.record({
      what: fc.oneof(
        often(24, 'say'),
        often(4, 'hash'),
        often(3, 'arrive'),
        often(2, 'hangUp'),
        often(4, 'wait'),
        often(1, 'garbage'),
        often(1, 'crowd'),
        often(1, 'storm'),
        often(3, 'knock'),
      ),
      // Olga may do most.
      who: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5),
      message: messagesOf(sample),
      ms: fc.constantFrom(10, 500, 500, 2_000, 2_000, 40_000, 130_000),
      full: fc.integer({ min: 0, max: 19 }),
      resume: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 120, size: 'max' }), (steps) => {
        const room = new StaffedRoom(mac, { maxMembers: 5 });
        const lanes = new Map<number, LaneId>();
        const tickets = new Map<number, { token: number; secret: string; chatSeen: number }>();
        const arrive = (who: number, resume: boolean): void => {
          const ticket = resume ? tickets.get(who) : undefined;
          const arrival = { address: `192.0.2.${who}`, ...(ticket === undefined ? {} : { resume: ticket }) };
          const member = room.enter(people[who] ?? '', arrival);
          if (member === null) return;
          lanes.set(who, member.lane);
          tickets.set(who, room.ticket(member));
        };
        for (const who of people.keys()) arrive(who, false);
        for (const { what, who, message, ms, full, resume } of steps) {
          // A disk that is full now and then.
          room.store.failing = full === 0;
          const lane = lanes.get(who) ?? 0;
          if (what === 'say') room.say(lane, message);
          else if (what === 'arrive') arrive(who, resume);
          else if (what === 'hangUp') room.hangUp(lane);
          else if (what === 'wait') room.pass(ms);
          else if (what === 'hash') room.doPasswords();
          else if (what === 'garbage') room.sayText(lane, '{"type":');
          else if (what === 'knock') {
            const password = resume ? 'sesame' : 'wrong';
            room.say(lane, { type: 'request', id: 1, request: { kind: 'join', channel: CELLAR, password } });
          } else if (what === 'storm') for (let count = 0; count < 200; count += 1) room.say(lane, message);
          else for (let count = 0; count < MAX_UNGREETED_LANES / 2; count += 1) room.open('198.51.100.2');
          room.store.failing = false;
          expectBalance(room);
        }
        expect(room.strayMessages).toBe(0);
        for (const messages of room.messages.values()) {
          for (const said of messages) expect(relayMessageSchema.safeParse(said).success).toBe(true);
        }
        for (const [name, count] of Object.entries(room.engine.stats()))
          totals[name] = (totals[name] ?? 0) + count;
        room.engine.close('closing', room.nowMs, room.out);
        expectBalance(room);
        expect(room.engine.stats()).toMatchObject({ members: 0, lanes: 0 });
      }),
      { numRuns },
    );
    // The steps reach what they are to test.
    if (numRuns < 100) return;
    for (const name of reached) expect([name, totals[name]]).not.toEqual([name, 0]);
  },
  20_000 + 400 * numRuns,
);

/** What somebody holds who began with `view` and was told what is in `room.news`. */
function followed(view: AdminView, room: StaffedRoom): AdminView {
  const members = new Map(view.members.map((member) => [member.token, member]));
  const channels = new Map(view.channels.map((channel) => [channel.id, channel]));
  let { roomName, maxMembers, roles } = view;
  for (const news of room.news) {
    if (news.type === 'member') members.set(news.member.token, news.member);
    else if (news.type === 'memberLeft') members.delete(news.token);
    else if (news.type === 'channel') channels.set(news.channel.id, news.channel);
    else if (news.type === 'channelRemoved') channels.delete(news.channel);
    else if (news.type === 'roles') roles = news.roles;
    else if (news.type === 'config') ({ roomName, maxMembers } = news);
  }
  return { roomName, maxMembers, roles, members: [...members.values()], channels: [...channels.values()] };
}

/** In one order: whoever is told of again stands at another place with the observer than in the room. */
function sorted(view: AdminView): AdminView {
  return {
    ...view,
    members: view.members.toSorted((a, b) => a.token - b.token),
    channels: view.channels.toSorted((a, b) => a.id - b.id),
  };
}

test(
  'whatever accounts, bots and gateways do among the members, it is accounted for, told to observers, and what is kept stands',
  () => {
    let listened = 0;
    const totals: Record<string, number> = {};
    const sample = new StaffedRoom(mac);
    for (const name of people) sample.admit(name);
    const often = <T>(weight: number, value: T) => ({ weight, arbitrary: fc.constant(value) });
    const step = fc.record({
      what: fc.oneof(
        often(6, 'say'),
        often(8, 'command'),
        often(2, 'hash'),
        often(2, 'arrive'),
        often(2, 'hangUp'),
        often(2, 'wait'),
        often(1, 'restart'),
        often(3, 'admitBots'),
        often(1, 'dismissBots'),
        often(1, 'configure'),
        often(6, 'botArrives'),
        often(4, 'botSays'),
        often(2, 'botHangsUp'),
        often(4, 'admitListeners'),
        often(1, 'dismissListeners'),
        often(6, 'listenersArrive'),
        often(4, 'listenersSay'),
        often(1, 'listenersHangUp'),
      ),
      who: fc.nat(people.length - 1),
      role: fc.constantFrom(1, 2, ADMIN_ROLE_ID, ADMIN_ROLE_ID, FIRST_CUSTOM_ROLE_ID, 99),
      message: messagesOf(sample),
      ms: fc.constantFrom(10, 500, 2_000, 40_000),
      full: fc.integer({ min: 0, max: 19 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 120, size: 'max' }), (steps) => {
        const room = new StaffedRoom(mac, { maxMembers: 5 });
        const identities = bots.map((name) => room.entrant(name).identity);
        const lanes = new Map<string, LaneId>();
        let lastCommand = 0;
        const command = (role: number, asked: AdminCommand): void => {
          lastCommand += 1;
          room.engine.handleAdminCommand(lastCommand, { account: 'root', role }, asked, room.nowMs, room.out);
        };
        const arrive = (name: string, nickname = name): void => {
          const lane = room.enter(nickname, { seed: name })?.lane;
          if (lane !== undefined) lanes.set(name, lane);
        };
        const count = (): void => {
          for (const [name, value] of Object.entries(room.engine.stats()))
            totals[name] = (totals[name] ?? 0) + value;
        };
        for (const name of people) arrive(name);
        let began = room.engine.adminView();
        room.news.length = 0;
        for (const { what, who, role, message, ms, full } of steps) {
          const [name = '', bot = '', gateway = ''] = [people[who], bots[who % 2], gateways[who % 2]];
          room.store.failing = full === 0;
          if (what === 'say') room.say(lanes.get(name) ?? 0, message);
          // A member's request, some of which accounts may not ask.
          else if (what === 'command' && message.type === 'request')
            command(role, message.request as AdminCommand);
          else if (what === 'hash') room.doPasswords();
          else if (what === 'arrive') arrive(name);
          else if (what === 'hangUp') room.hangUp(lanes.get(name) ?? 0);
          else if (what === 'wait') room.pass(ms);
          else if (what === 'admitBots')
            command(ADMIN_ROLE_ID, { kind: 'admitBots', identities, channelName: 'Test' });
          else if (what === 'dismissBots') command(ADMIN_ROLE_ID, { kind: 'dismissBots' });
          else if (what === 'configure')
            command(ADMIN_ROLE_ID, { kind: 'configure', name: `Room ${ms}`, maxMembers: who + 1 });
          // Outside of a test they would be people like others.
          else if (what === 'botArrives' && room.engine.adminView().channels.some((at) => at.name === 'Test'))
            arrive(bot);
          else if (what === 'botSays') room.say(lanes.get(bot) ?? 0, message);
          else if (what === 'botHangsUp') room.hangUp(lanes.get(bot) ?? 0);
          else if (what === 'admitListeners') {
            const { identity } = room.entrant(gateway);
            const channel = (who % 3) + 1;
            const config = { ...simChannelConfig, listeners: full > 3 };
            command(ADMIN_ROLE_ID, { kind: 'changeChannel', channel, name: 'Open', config });
            command(ADMIN_ROLE_ID, { kind: 'admitListeners', identity, channel });
          } else if (what === 'dismissListeners')
            command(ADMIN_ROLE_ID, { kind: 'dismissListeners', identity: room.entrant(gateway).identity });
          // Called by its own name it is nobody when it was not let in.
          else if (what === 'listenersArrive') arrive(gateway, LISTENERS_NICKNAME);
          else if (what === 'listenersSay') room.say(lanes.get(gateway) ?? 0, message);
          else if (what === 'listenersHangUp') room.hangUp(lanes.get(gateway) ?? 0);
          else if (what === 'restart' && full > 10) {
            count();
            room.store.failing = false;
            room.passwordJobs.length = 0;
            room.restart();
            began = room.engine.adminView();
            room.news.length = 0;
          }
          room.store.failing = false;
          expectBalance(room);
          expectStoreStands(room);
          listened += expectListenersBelong(room.engine.adminView());
          expect(sorted(followed(began, room))).toEqual(sorted(room.engine.adminView()));
        }
        expect(room.strayMessages).toBe(0);
        for (const messages of room.messages.values()) {
          for (const said of messages) expect(relayMessageSchema.safeParse(said).success).toBe(true);
        }
        count();
        room.engine.close('closing', room.nowMs, room.out);
        expectBalance(room);
        expect(room.engine.stats()).toMatchObject({ members: 0, lanes: 0 });
      }),
      { numRuns },
    );
    if (numRuns < 100) return;
    expect(listened).toBeGreaterThan(0);
    for (const name of [
      'adminCommandsDone',
      'adminCommandsRefused',
      'adminCommandsBad',
      'lanesClosedKicked',
    ]) {
      expect([name, totals[name]]).not.toEqual([name, 0]);
    }
  },
  20_000 + 400 * numRuns,
);
