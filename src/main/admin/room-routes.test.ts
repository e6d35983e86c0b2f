import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ADMIN_ROLE_ID, MEMBER_ROLE_ID, MODERATOR_ROLE_ID } from '../../core/wire/roles.ts';
import {
  type AdminRig,
  addAccount,
  openAdmin,
  SOME_CONFIG,
  SOME_IDENTITY,
  SOME_VIEW,
  setUp,
} from './admin-rig.ts';

let rig: AdminRig;
let root: string;
let moderator: string;

beforeAll(async () => {
  rig = await openAdmin();
  root = (await setUp(rig)).token;
  moderator = (await addAccount(rig, root, 'mod', MODERATOR_ROLE_ID)).token;
});

afterAll(() => rig.close());

beforeEach(() => {
  rig.relay.outcome = { ok: true, channel: null };
  rig.relay.mood = 'well';
  rig.relay.commands.length = 0;
  rig.clock.nowMs += 3_600_000;
});

const config = SOME_CONFIG;
const role = { name: 'Night watch', rank: 20, permissions: ['mute', 'kick'] };

/** Every request that changes the room, and what the relay is to be asked. */
const changes: readonly [string, string, unknown, unknown][] = [
  ['POST', '/api/kick', { member: 7, reason: 'noise' }, { kind: 'kick', member: 7, reason: 'noise' }],
  [
    'POST',
    '/api/ban',
    { subject: { kind: 'addressOf', member: 7 }, reason: '', seconds: 60 },
    { kind: 'ban', subject: { kind: 'addressOf', member: 7 }, reason: '', seconds: 60 },
  ],
  [
    'POST',
    '/api/ban',
    { subject: { kind: 'identity', identity: SOME_IDENTITY }, reason: 'noise', seconds: null },
    { kind: 'ban', subject: { kind: 'identity', identity: SOME_IDENTITY }, reason: 'noise', seconds: null },
  ],
  ['DELETE', '/api/bans/4', undefined, { kind: 'unban', ban: 4 }],
  ['POST', '/api/move', { member: 7, channel: 2 }, { kind: 'move', member: 7, channel: 2 }],
  ['POST', '/api/mute', { member: 7, muted: true }, { kind: 'muteForAll', member: 7, muted: true }],
  [
    'POST',
    '/api/assign-role',
    { identity: SOME_IDENTITY, role: 2 },
    { kind: 'assignRole', identity: SOME_IDENTITY, role: 2 },
  ],
  [
    'PUT',
    '/api/channels/1',
    { name: ' Hall ', config },
    { kind: 'changeChannel', channel: 1, name: 'Hall', config },
  ],
  [
    'PUT',
    '/api/channels/1',
    { name: 'Hall', config, password: null },
    { kind: 'changeChannel', channel: 1, name: 'Hall', config, password: null },
  ],
  ['DELETE', '/api/channels/1', undefined, { kind: 'removeChannel', channel: 1 }],
  ['POST', '/api/roles', role, { kind: 'saveRole', role: null, ...role }],
  ['PUT', '/api/roles/16', role, { kind: 'saveRole', role: 16, ...role }],
  ['DELETE', '/api/roles/16', undefined, { kind: 'removeRole', role: 16 }],
  [
    'PUT',
    '/api/config',
    { name: 'Attic', maxMembers: 20 },
    { kind: 'configure', name: 'Attic', maxMembers: 20 },
  ],
  ['PUT', '/api/listeners/1', { listeners: true }, { kind: 'setListeners', channel: 1, listeners: true }],
];

const readings = ['room', 'members', 'channels', 'roles', 'config', 'listeners', 'traffic', 'bans', 'audit'];

describe('what is read', () => {
  test('the room, without the keys of its members', async () => {
    const { whisperKey: _, ...member } = SOME_VIEW.members[0] ?? {};
    const { status, body } = await rig.ask('GET', '/api/room', root);
    expect(status).toBe(200);
    expect(body).toEqual({
      name: 'The cellar',
      maxMembers: 50,
      channels: SOME_VIEW.channels,
      members: [member],
      roles: SOME_VIEW.roles,
    });
    expect((await rig.ask('GET', '/api/members', root)).body).toEqual([member]);
    expect((await rig.ask('GET', '/api/channels', root)).body).toEqual(SOME_VIEW.channels);
    expect((await rig.ask('GET', '/api/roles', root)).body).toEqual(SOME_VIEW.roles);
    expect((await rig.ask('GET', '/api/config', root)).body).toEqual({ name: 'The cellar', maxMembers: 50 });
  });

  test('bans, which the relay keeps without the members they came from', async () => {
    const ban = {
      id: 4,
      subject: { kind: 'range' as const, range: '203.0.113.0/24' },
      nickname: '' as const,
      reason: 'noise',
      by: 'Ada',
      createdMs: 5,
      untilMs: null,
    };
    rig.relay.banList = [ban];
    expect((await rig.ask('GET', '/api/bans', root)).body).toEqual([ban]);
    const { status, body } = await rig.ask('GET', '/api/bans', moderator);
    expect(status).toBe(403);
    expect(body).toEqual({
      code: 'notAllowed',
      sentence: 'Your role, Moderator, does not allow you to ban others.',
    });
  });

  test('the audit log, page by page, for admins', async () => {
    for (let n = 0; n < 5; n += 1) await rig.relay.writeAudit('x', 'kick', String(n), '');
    const newest = rig.relay.audited.length;
    const page = (await rig.ask('GET', '/api/audit?count=2', root)).body;
    expect(page).toMatchObject([{ id: newest }, { id: newest - 1 }]);
    const older = (await rig.ask('GET', `/api/audit?count=2&before=${newest - 1}`, root)).body;
    expect(older).toMatchObject([{ id: newest - 2 }, { id: newest - 3 }]);
    expect((await rig.ask('GET', '/api/audit', moderator)).status).toBe(403);
    for (const bad of ['count=0', 'count=201', 'count=x', 'before=-1', 'other=1']) {
      expect((await rig.ask('GET', `/api/audit?${bad}`, root)).status).toBe(400);
    }
    expect((await rig.ask('GET', '/api/audit?count=200', root)).status).toBe(200);
  });

  test.each(readings)('%s asks for a login, and says so when the relay is gone', async (name) => {
    const { status, headers, body } = await rig.ask('GET', `/api/${name}`, null);
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toContain('Bearer');
    expect(body).toEqual({ code: 'loginNeeded', sentence: 'Log in first.' });
    if (name === 'traffic') return;
    rig.relay.mood = 'gone';
    expect(await rig.ask('GET', `/api/${name}`, root)).toMatchObject({
      status: 503,
      body: { code: 'relayGone' },
    });
  });
});

describe('what is changed', () => {
  test.each(changes)('%s %s', async (method, path, body, command) => {
    expect((await rig.ask(method, path, null, body)).status).toBe(401);
    expect(rig.relay.commands).toEqual([]);

    const done = await rig.ask(method, path, moderator, body);
    expect(done.status).toBe(204);
    expect(done.body).toBe('');
    expect(rig.relay.commands).toEqual([{ actor: { account: 'mod', role: MODERATOR_ROLE_ID }, command }]);

    rig.relay.outcome = {
      ok: false,
      code: 'notAllowed',
      rule: { kind: 'permission', permission: 'ban', own: 'Moderator' },
    };
    expect(await rig.ask(method, path, moderator, body)).toMatchObject({
      status: 403,
      body: {
        code: 'notAllowed',
        sentence: 'Your role, Moderator, does not allow you to ban others.',
      },
    });
    rig.relay.mood = 'gone';
    expect(await rig.ask(method, path, root, body)).toMatchObject({
      status: 503,
      body: { code: 'relayGone' },
    });
  });

  test('a new channel is named', async () => {
    rig.relay.outcome = { ok: true, channel: 9 };
    const body = { name: 'Hall', parent: 1, config, password: 'open sesame' };
    expect((await rig.ask('POST', '/api/channels', null, body)).status).toBe(401);
    expect(await rig.ask('POST', '/api/channels', root, body)).toMatchObject({
      status: 201,
      body: { channel: 9 },
    });
    expect(rig.relay.commands).toEqual([
      { actor: { account: 'root', role: ADMIN_ROLE_ID }, command: { kind: 'createChannel', ...body } },
    ]);
  });

  test.each([
    ['unknownMember', 404],
    ['badRange', 400],
    ['channelNotEmpty', 409],
    ['roomFull', 409],
    ['storageFailed', 503],
    ['busy', 503],
  ] as const)('%s is answered %d', async (code, status) => {
    rig.relay.outcome = { ok: false, code, rule: null };
    const answer = await rig.ask('POST', '/api/kick', root, { member: 7, reason: '' });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code });
  });

  test.each([
    ['POST', '/api/kick', { member: 7 }],
    ['POST', '/api/kick', { member: -1, reason: '' }],
    ['POST', '/api/kick', { member: 7, reason: '', more: 1 }],
    ['POST', '/api/kick', { member: 7, reason: 'x'.repeat(257) }],
    ['POST', '/api/kick', { member: 7, reason: 'bell \u0007' }],
    ['POST', '/api/kick', []],
    ['POST', '/api/ban', { subject: { kind: 'name', name: 'x' }, reason: '', seconds: 1 }],
    ['POST', '/api/ban', { subject: { kind: 'identity', identity: 'short' }, reason: '', seconds: 1 }],
    ['POST', '/api/ban', { subject: { kind: 'range', range: '::/0' }, reason: '', seconds: 0 }],
    ['PUT', '/api/channels/1', { name: '\u202e', config }],
    ['PUT', '/api/channels/x', { name: 'Hall', config }],
    ['PUT', '/api/channels/01', { name: 'Hall', config }],
    ['PUT', '/api/channels/4294967296', { name: 'Hall', config }],
    ['PUT', '/api/config', { name: '   ', maxMembers: 20 }],
    ['PUT', '/api/config', { name: 'Attic', maxMembers: 0 }],
    ['POST', '/api/roles', { ...role, rank: 101 }],
  ])('%s %s is not understood: %j', async (method, path, body) => {
    const answer = await rig.ask(method, path, root, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'badRequest' } });
    expect(rig.relay.commands).toEqual([]);
  });

  test('an account whose role is no more is a plain member', async () => {
    const plain = (await addAccount(rig, root, 'plain', 16)).token;
    rig.relay.shown = { ...SOME_VIEW, roles: SOME_VIEW.roles.filter(({ id }) => id !== 16) };
    const { body } = await rig.ask('GET', '/api/bans', plain);
    expect(body).toMatchObject({ sentence: 'Your role, Member, does not allow you to ban others.' });
    rig.relay.shown = SOME_VIEW;
    expect(MEMBER_ROLE_ID).toBe(1);
  });
});
