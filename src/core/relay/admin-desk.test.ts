import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { simChannelConfig } from '../sim/sim-room.ts';
import { CLOSET, DONE_7, KITCHEN, LOBBY, StaffedRoom } from '../sim/staffed-room.ts';
import { MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import { banSchema, relayMessageSchema } from '../wire/control.ts';
import { ADMIN_ROLE_ID, FIRST_CUSTOM_ROLE_ID, MEMBER_ROLE_ID, MODERATOR_ROLE_ID } from '../wire/roles.ts';
import type { AdminActor, AdminCommand, AdminOutcome } from './admin-port.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const root: AdminActor = { account: 'root', role: ADMIN_ROLE_ID };
const guard: AdminActor = { account: 'guard', role: MODERATOR_ROLE_ID };
const guest: AdminActor = { account: 'guest', role: MEMBER_ROLE_ID };

const OK: AdminOutcome = { ok: true, channel: null };

function refusal(code: string, rule: object | null = null): object {
  return { ok: false, code, rule };
}

interface Staff {
  readonly room: StaffedRoom;
  readonly olga: RecordedMember;
  readonly mona: RecordedMember;
  readonly anna: RecordedMember;
}

function startRoom(): Staff {
  const room = new StaffedRoom(mac);
  const olga = room.admit('Olga', { address: '127.0.0.1' });
  const mona = room.admit('Mona', { address: '192.0.2.20' });
  const anna = room.admit('Anna', { address: '192.0.2.30' });
  room.answerTo(olga, { kind: 'saveRole', role: null, name: 'Guard', rank: 10, permissions: [] });
  room.answerTo(olga, {
    kind: 'ban',
    subject: { kind: 'range', range: '203.0.113.0/24' },
    reason: '',
    seconds: null,
  });
  room.hush();
  room.news.length = 0;
  room.store.audits.length = 0;
  return { room, olga, mona, anna };
}

/** The counters of the commands add up. */
function expectBalance(room: StaffedRoom): void {
  const { adminCommands, adminCommandsDone, adminCommandsRefused, adminCommandsBad, adminCommandsUnderWay } =
    room.engine.stats();
  expect(adminCommands).toBe(
    (adminCommandsDone ?? 0) +
      (adminCommandsRefused ?? 0) +
      (adminCommandsBad ?? 0) +
      (adminCommandsUnderWay ?? 0),
  );
}

const config = { ...simChannelConfig, manageRole: ADMIN_ROLE_ID };

/** Every command, what an account must be allowed to give it, and its line in the audit log. */
const commands: readonly [string, (staff: Staff) => AdminCommand, object, string][] = [
  [
    'move',
    ({ anna }) => ({ kind: 'move', member: anna.token, channel: KITCHEN }),
    { kind: 'permission', permission: 'move' },
    'move',
  ],
  [
    'mute',
    ({ anna }) => ({ kind: 'muteForAll', member: anna.token, muted: true }),
    { kind: 'permission', permission: 'mute' },
    'muteForAll',
  ],
  [
    'kick',
    ({ anna }) => ({ kind: 'kick', member: anna.token, reason: 'noise' }),
    { kind: 'permission', permission: 'kick' },
    'kick',
  ],
  [
    'ban',
    ({ anna }) => ({
      kind: 'ban',
      subject: { kind: 'identity', identity: anna.identity },
      reason: '',
      seconds: 60,
    }),
    { kind: 'permission', permission: 'ban' },
    'ban',
  ],
  ['lift a ban', () => ({ kind: 'unban', ban: 1 }), { kind: 'permission', permission: 'ban' }, 'unban'],
  [
    'make a channel',
    () => ({ kind: 'createChannel', name: 'Garden', parent: null, config, password: null }),
    { kind: 'permission', permission: 'channels' },
    'createChannel',
  ],
  [
    'change a channel',
    () => ({ kind: 'changeChannel', channel: KITCHEN, name: 'Galley', config }),
    { kind: 'role', action: 'manage', channel: 'Kitchen' },
    'changeChannel',
  ],
  [
    'open a channel for listeners',
    () => ({ kind: 'setListeners', channel: KITCHEN, listeners: true }),
    { kind: 'role', action: 'manage', channel: 'Kitchen' },
    'changeChannel',
  ],
  [
    'remove a channel',
    () => ({ kind: 'removeChannel', channel: CLOSET }),
    { kind: 'role', action: 'manage', channel: 'Closet' },
    'removeChannel',
  ],
  [
    'make a role',
    () => ({ kind: 'saveRole', role: null, name: 'Helper', rank: 5, permissions: ['kick'] }),
    { kind: 'permission', permission: 'roles' },
    'createRole',
  ],
  [
    'remove a role',
    () => ({ kind: 'removeRole', role: FIRST_CUSTOM_ROLE_ID }),
    { kind: 'permission', permission: 'roles' },
    'removeRole',
  ],
  [
    'give out a role',
    ({ anna }) => ({ kind: 'assignRole', identity: anna.identity, role: MODERATOR_ROLE_ID }),
    { kind: 'permission', permission: 'roles' },
    'assignRole',
  ],
  [
    'configure the room',
    () => ({ kind: 'configure', name: 'Harbour', maxMembers: 5 }),
    { kind: 'role', action: 'manage', channel: 'Recorded room', required: 'Admin' },
    'configure',
  ],
];

describe.each(commands)('to %s', (_name, command, rule, action) => {
  test('an account needs the right to; it is written down, told, and kept', () => {
    const staff = startRoom();
    const { room } = staff;
    expect(room.command(guest, command(staff))).toMatchObject(
      refusal('notAllowed', { ...rule, own: 'Member' }),
    );
    expect([room.store.audits, room.news]).toEqual([[], []]);
    expect(room.command(root, command(staff))).toMatchObject({ ok: true });
    expect(room.store.audits).toMatchObject([{ by: 'account:root', action }]);
    expect(room.news.filter(({ type }) => type === 'audit')).toHaveLength(1);
    // What members were told is what they understand.
    for (const said of [...room.messages.values()].flat()) {
      expect(relayMessageSchema.safeParse(said).success).toBe(true);
    }
    expectBalance(room);
  });

  test('changes nothing when the disk refuses', () => {
    const staff = startRoom();
    const { room } = staff;
    const before = room.engine.adminView();
    room.store.failing = true;
    expect(room.command(root, command(staff))).toEqual(refusal('storageFailed'));
    room.store.failing = false;
    expect(room.engine.adminView()).toEqual(before);
    expect(room.news).toEqual([]);
    expectBalance(room);
  });
});

describe('accounts', () => {
  test('act on nobody of a rank as high, and the owner is safe from all of them', () => {
    const { room, olga, mona, anna } = startRoom();
    expect(room.command(guard, { kind: 'kick', member: mona.token, reason: '' })).toEqual(
      refusal('notAllowed', { kind: 'rank', target: 'Mona', own: 'Moderator' }),
    );
    const acts: AdminCommand[] = [
      { kind: 'kick', member: olga.token, reason: '' },
      { kind: 'ban', subject: { kind: 'identity', identity: olga.identity }, reason: '', seconds: null },
      { kind: 'ban', subject: { kind: 'range', range: '127.0.0.0/8' }, reason: '', seconds: null },
      { kind: 'assignRole', identity: olga.identity, role: MEMBER_ROLE_ID },
    ];
    for (const act of acts) {
      expect(room.command(root, act)).toEqual(
        refusal('notAllowed', { kind: 'rank', target: 'Olga', own: 'Admin' }),
      );
    }
    expect(room.command(guard, { kind: 'kick', member: anna.token, reason: 'noise' })).toEqual(OK);
    expect(room.take(anna.lane)).toMatchObject([{ type: 'refused', code: 'kicked' }]);
    expect(room.command(root, { kind: 'kick', member: anna.token, reason: '' })).toEqual(
      refusal('unknownMember'),
    );
  });

  test('are judged by what their role is at that moment, also when a password was being hashed', () => {
    const { room, olga } = startRoom();
    room.answerTo(olga, {
      kind: 'saveRole',
      role: FIRST_CUSTOM_ROLE_ID,
      name: 'Builder',
      rank: 10,
      permissions: ['channels'],
    });
    const builder: AdminActor = { account: 'ben', role: FIRST_CUSTOM_ROLE_ID };
    const create: AdminCommand = {
      kind: 'createChannel',
      name: 'Den',
      parent: null,
      config,
      password: 'rose',
    };
    const made = room.command(builder, create);
    expect(made).toEqual({ ok: true, channel: 7 });
    const den = room.engine.adminView().channels.find(({ id }) => id === 7);
    expect(den).toMatchObject({ name: 'Den', locked: true });
    // Asked, but not hashed yet.
    room.engine.handleAdminCommand(99, builder, create, room.nowMs, room.out);
    expect(room.engine.stats()).toMatchObject({ adminCommandsUnderWay: 1 });
    expectBalance(room);
    expect(room.command(root, { kind: 'removeRole', role: FIRST_CUSTOM_ROLE_ID })).toEqual(OK);
    expect(room.outcomes.find(({ id }) => id === 99)?.outcome).toEqual(
      refusal('notAllowed', { kind: 'permission', permission: 'channels', own: 'Member' }),
    );
    expect(room.command(builder, create)).toMatchObject({ rule: { kind: 'permission', own: 'Member' } });
    expect(room.engine.stats()).toMatchObject({ adminCommandsUnderWay: 0 });
    expectBalance(room);
  });

  test('are answered that passwords are busy when too many are hashed', () => {
    const { room } = startRoom();
    const change = (id: number): void =>
      room.engine.handleAdminCommand(
        id,
        root,
        { kind: 'changeChannel', channel: KITCHEN, name: 'Kitchen', config, password: `rose ${id}` },
        room.nowMs,
        room.out,
      );
    for (let id = 1; id <= 33; id += 1) change(id);
    expect(room.outcomes).toEqual([{ id: 33, outcome: refusal('busy') }]);
    room.doPasswords();
    expect(room.outcomes).toHaveLength(33);
    expect(room.outcomes.slice(1).every(({ outcome }) => outcome.ok)).toBe(true);
    expectBalance(room);
  });

  test('leave a ban that stands in the list under their name, readable after a restart', () => {
    const { room, anna } = startRoom();
    const subject = { kind: 'addressOf', member: anna.token } as const;
    expect(room.command(root, { kind: 'ban', subject, reason: 'noise', seconds: 60 })).toEqual(OK);
    expect(room.closed).toEqual([anna.lane]);
    const [newest] = room.engine.bans(room.nowMs);
    expect(newest).toMatchObject({ by: 'root', subject: { kind: 'range', range: '192.0.2.30/32' } });
    expect(banSchema.safeParse(newest).success).toBe(true);
    expect(JSON.stringify(room.store.audits)).not.toContain('192.0.2.30');
    room.pass(60_000);
    expect(room.engine.bans(room.nowMs).map(({ id }) => id)).toEqual([1]);
  });

  test('open a channel for listeners without undoing what was changed since they looked', () => {
    const { room } = startRoom();
    const changed = { ...config, bitrate: 24_000, historyDays: 3 };
    room.command(root, { kind: 'changeChannel', channel: KITCHEN, name: 'Galley', config: changed });
    const kitchen = () => room.engine.adminView().channels.find(({ id }) => id === KITCHEN);
    for (const listeners of [true, true, false]) {
      expect(room.command(root, { kind: 'setListeners', channel: KITCHEN, listeners })).toEqual(OK);
      expect(kitchen()).toMatchObject({ name: 'Galley', config: { ...changed, listeners } });
    }
    expect(room.command(root, { kind: 'setListeners', channel: 99, listeners: true })).toEqual(
      refusal('unknownChannel'),
    );
  });

  test('are told by the sentence of a closed room that it is closed', () => {
    const { room } = startRoom();
    room.engine.close('closing', room.nowMs, room.out);
    expect(room.command(root, { kind: 'unban', ban: 1 })).toEqual(refusal('relayClosing'));
  });

  test('who send what is no command, or cannot be shown, are refused and counted', () => {
    const { room, anna } = startRoom();
    const kick = { kind: 'kick', member: anna.token, reason: '' };
    const hostile: readonly (readonly [unknown, unknown])[] = [
      [root, null],
      [root, { kind: 'explode' }],
      [root, { kind: 'listBans' }],
      [root, { kind: 'join', channel: KITCHEN }],
      [root, { ...kick, extra: 1 }],
      [root, { ...kick, member: -1 }],
      [root, { ...kick, reason: 'a\u0000b' }],
      [root, { kind: 'createChannel', name: '\u202e', parent: null, config, password: null }],
      [root, { kind: 'assignRole', identity: 'nobody', role: ADMIN_ROLE_ID }],
      [root, { kind: 'configure', name: '', maxMembers: 5 }],
      [root, { kind: 'configure', name: 'Harbour', maxMembers: 0 }],
      [root, { kind: 'configure', name: 'Harbour', maxMembers: 1.5 }],
      [root, { kind: 'admitBots', identities: ['x'], channelName: 'Test' }],
      [{ account: '', role: ADMIN_ROLE_ID }, kick],
      [{ account: 'a'.repeat(33), role: ADMIN_ROLE_ID }, kick],
      [{ account: 'root' }, kick],
      [undefined, kick],
    ];
    for (const [actor, command] of hostile) {
      expect(room.command(actor as AdminActor, command as AdminCommand)).toEqual(refusal('badMessage'));
    }
    expect(room.engine.stats()).toMatchObject({
      adminCommands: hostile.length,
      adminCommandsBad: hostile.length,
    });
    expect([room.news, room.store.audits]).toEqual([[], []]);
    expectBalance(room);
  });
});

describe('configuring the room', () => {
  test('holds at once, throws nobody out, and wins over what the relay is started with', () => {
    const { room, anna } = startRoom();
    expect(room.command(root, { kind: 'configure', name: 'Harbour', maxMembers: 2 })).toEqual(OK);
    expect(room.news).toEqual([{ type: 'audit' }, { type: 'config', roomName: 'Harbour', maxMembers: 2 }]);
    expect(room.engine.adminView()).toMatchObject({ roomName: 'Harbour', maxMembers: 2 });
    expect(room.engine.stats().members).toBe(3);
    expect(room.take(room.greet('Ben')).at(-1)).toMatchObject({ code: 'roomFull' });
    // Who is here comes back, and reads the new name.
    const back = room.admit('Anna', { resume: room.ticket(anna) });
    expect(back.welcome).toMatchObject({ resumed: true, roomName: 'Harbour' });
    const anew = room.admit('Anna');
    expect(anew.welcome.resumed).toBe(false);
    room.say(anew.lane, { type: 'bye' });
    expect(room.enter('Ben')).toBeNull();
    expect(room.command(root, { kind: 'configure', name: 'Harbour', maxMembers: 3 })).toEqual(OK);
    room.admit('Ben');
    room.restart();
    expect(room.options.roomName).toBe('Recorded room');
    expect(room.engine.adminView()).toMatchObject({ roomName: 'Harbour', maxMembers: 3 });
  });

  test('takes as many members as a room can have, and says so beyond', () => {
    const { room } = startRoom();
    const configure = (maxMembers: number): AdminOutcome | undefined =>
      room.command(root, { kind: 'configure', name: 'Harbour', maxMembers });
    expect(configure(MAX_ROOM_MEMBERS - 1)).toEqual(OK);
    expect(configure(MAX_ROOM_MEMBERS)).toEqual(OK);
    expect(configure(MAX_ROOM_MEMBERS + 1)).toEqual(refusal('roomTooLarge'));
    expect(room.engine.adminView().maxMembers).toBe(MAX_ROOM_MEMBERS);
  });
});

describe('observers', () => {
  test('are told once of every change, in order, whoever made it', () => {
    const { room, anna, mona } = startRoom();
    const dora = room.admit('Dora');
    room.answerTo(mona, { kind: 'move', member: anna.token, channel: KITCHEN });
    room.say(anna.lane, { type: 'state', muted: true, deafened: false });
    room.hangUp(dora.lane);
    room.admit('Dora', { resume: room.ticket(dora) });
    room.command(root, { kind: 'kick', member: dora.token, reason: '' });
    const short = room.news.map((news) => {
      if (news.type !== 'member') return news;
      const { nickname, channel, muted, reconnecting, bot } = news.member;
      return [nickname, channel, muted, reconnecting, bot];
    });
    expect(short).toEqual([
      ['Dora', LOBBY, false, false, false],
      { type: 'audit' },
      ['Anna', KITCHEN, false, false, false],
      ['Anna', KITCHEN, true, false, false],
      ['Dora', LOBBY, false, true, false],
      ['Dora', LOBBY, false, false, false],
      { type: 'audit' },
      { type: 'memberLeft', token: dora.token },
    ]);
  });

  test('who apply the news to the view they began with have the view of now', () => {
    const { room, olga, anna } = startRoom();
    const began = room.engine.adminView();
    room.news.length = 0;
    const dora = room.admit('Dora');
    room.answerTo(olga, { kind: 'createChannel', name: 'Garden', parent: null, config, password: null });
    room.answerTo(olga, { kind: 'removeChannel', channel: CLOSET });
    room.answerTo(olga, { kind: 'saveRole', role: null, name: 'Helper', rank: 5, permissions: [] });
    room.answerTo(olga, { kind: 'assignRole', identity: anna.identity, role: FIRST_CUSTOM_ROLE_ID + 1 });
    expect(room.answerTo(olga, { kind: 'removeRole', role: FIRST_CUSTOM_ROLE_ID + 1 })).toEqual(DONE_7);
    room.say(dora.lane, { type: 'bye' });
    room.command(root, { kind: 'configure', name: 'Harbour', maxMembers: 9 });
    const members = new Map(began.members.map((member) => [member.token, member]));
    const channels = new Map(began.channels.map((channel) => [channel.id, channel]));
    let { roomName, maxMembers, roles } = began;
    for (const news of room.news) {
      if (news.type === 'member') members.set(news.member.token, news.member);
      else if (news.type === 'memberLeft') members.delete(news.token);
      else if (news.type === 'channel') channels.set(news.channel.id, news.channel);
      else if (news.type === 'channelRemoved') channels.delete(news.channel);
      else if (news.type === 'roles') roles = news.roles;
      else if (news.type === 'config') ({ roomName, maxMembers } = news);
    }
    expect(room.engine.adminView()).toEqual({
      roomName,
      maxMembers,
      roles,
      members: [...members.values()],
      channels: [...channels.values()],
    });
  });

  test('are told of a line that the API itself writes', () => {
    const { room } = startRoom();
    expect(room.engine.handleAdminAudit('account:root', 'login', 'root', '', room.nowMs, room.out)).toBe(
      true,
    );
    expect(room.news).toEqual([{ type: 'audit' }]);
    expect(room.store.audits).toMatchObject([{ by: 'account:root', action: 'login', subject: 'root' }]);
    room.store.failing = true;
    expect(room.engine.handleAdminAudit('', 'login', '', '', room.nowMs, room.out)).toBe(false);
    expect(room.news).toHaveLength(1);
  });
});
