import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AdminActor, AdminCommand, AdminNews, RelayAdmin } from '../../core/relay/admin-port.ts';
import { MAX_LANES_PER_ADDRESS } from '../../core/relay/lanes.ts';
import { LISTENERS_NICKNAME } from '../../core/wire/fields.ts';
import { ADMIN_ROLE_ID, MEMBER_ROLE_ID } from '../../core/wire/roles.ts';
import { MAX_CONNECTIONS_PER_ADDRESS } from './connection-limit.ts';
import { type RunningRelay, startRelay } from './relay-host.ts';
import { defaultChannels } from './room-defaults.ts';
import { TestClient, TestIdentity } from './test-client.ts';

const migrationsFolder = join(import.meta.dirname, '../../../resources/migrations/relay');
// Node runs it as it is: nothing has to be built.
const workerPath = join(import.meta.dirname, 'relay-worker.ts');

const root: AdminActor = { account: 'root', role: ADMIN_ROLE_ID };
const OK = { ok: true, channel: null };

describe('a running relay, from another thread', () => {
  let folder = '';
  let relay: RunningRelay;
  let admin: RelayAdmin;
  const clients: TestClient[] = [];

  function connect(identity?: TestIdentity): TestClient {
    const client = new TestClient(relay.port, identity);
    clients.push(client);
    return client;
  }

  async function open(): Promise<void> {
    const started = await startRelay({
      workerPath,
      folder,
      migrationsFolder,
      roomName: 'Room',
      maxMembers: 3,
      channels: defaultChannels(),
      ownerIdentity: null,
      port: 0,
      onCounters: () => undefined,
      onDidDie: () => undefined,
    });
    if (!started.ok) throw new Error(started.sentence);
    relay = started.relay;
    admin = relay.admin;
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sidetone-admin-'));
    await open();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await relay.stop('closing');
    rmSync(folder, { recursive: true, force: true });
  });

  it('moves, mutes, kicks and bans whoever is connected, and tells it in order', async () => {
    const news: AdminNews[] = [];
    const stop = admin.watch((one) => news.push(one));
    const ada = connect();
    await ada.enter('Ada');
    const config = (defaultChannels()[0] as ReturnType<typeof defaultChannels>[number]).info.config;
    const made = await admin.command(root, {
      kind: 'createChannel',
      name: 'Den',
      parent: null,
      config,
      password: 'sesame',
    });
    expect(made).toEqual({ ok: true, channel: 2 });
    expect(await admin.command(root, { kind: 'move', member: ada.token, channel: 2 })).toEqual(OK);
    expect(await ada.next('memberChanged')).toMatchObject({ member: { token: ada.token, channel: 2 } });
    expect(await admin.command(root, { kind: 'muteForAll', member: ada.token, muted: true })).toEqual(OK);
    expect(await ada.next('memberChanged')).toMatchObject({ member: { mutedForAll: true } });
    const view = await admin.view();
    expect(view).toMatchObject({
      roomName: 'Room',
      maxMembers: 3,
      channels: [{ name: 'Lobby' }, { name: 'Den', locked: true }],
      members: [{ nickname: 'Ada', channel: 2, mutedForAll: true, bot: false }],
    });
    expect(await admin.command(root, { kind: 'kick', member: ada.token, reason: 'noise' })).toEqual(OK);
    expect(await ada.next('refused')).toMatchObject({ code: 'kicked' });
    await ada.until(() => ada.closed);
    const again = connect(ada.identity);
    await again.enter('Ada');
    const subject = { kind: 'addressOf', member: again.token } as const;
    expect(await admin.command(root, { kind: 'ban', subject, reason: '', seconds: 60 })).toEqual(OK);
    expect(await again.next('refused')).toMatchObject({ code: 'banned' });
    expect(await admin.bans()).toMatchObject([{ by: 'root', subject: { range: '127.0.0.1/32' } }]);
    expect(await admin.command(root, { kind: 'unban', ban: 1 })).toEqual(OK);
    const told = news.map((one) => (one.type === 'member' ? `member in ${one.member.channel}` : one.type));
    expect(told).toEqual([
      ...['member in 1', 'audit', 'channel', 'audit', 'member in 2', 'audit', 'member in 2'],
      ...['audit', 'memberLeft', 'member in 1', 'audit', 'memberLeft', 'audit'],
    ]);
    stop();
    await connect().enter('Bob');
    await admin.view();
    expect(news).toHaveLength(told.length);
  });

  it('refuses with the rule that said no, keeps what is configured, and reads the log by pages', async () => {
    const guest: AdminActor = { account: 'guest', role: MEMBER_ROLE_ID };
    const configure = { kind: 'configure', name: 'Harbour', maxMembers: 9 } as const;
    expect(await admin.command(guest, configure)).toMatchObject({
      ok: false,
      code: 'notAllowed',
      rule: { kind: 'role', required: 'Admin', own: 'Member' },
    });
    expect(await admin.command(root, configure)).toEqual(OK);
    await admin.writeAudit('account:root', 'login', 'root', '');
    await relay.stop('restarting');
    await open();
    expect(await admin.view()).toMatchObject({ roomName: 'Harbour', maxMembers: 9 });
    const [newest, ...rest] = await admin.audit(null, 200);
    expect(newest).toMatchObject({ by: 'account:root', action: 'login', subject: 'root' });
    expect(rest).toMatchObject([{ action: 'configure' }]);
    expect(await admin.audit(newest?.id ?? 0, 1)).toEqual(rest);
    expect((await connect().enter('Ada')).roomName).toBe('Harbour');
  });

  it('shows what its thread does', async () => {
    const before = await admin.figures();
    const ada = connect();
    await ada.enter('Ada');
    const after = await admin.figures();
    expect(after.counters).toMatchObject({ members: 1, lanes: 1, storeFailures: 0 });
    expect(after.cpuMs).toBeGreaterThan(before.cpuMs);
    expect(after.heapBytes).toBeGreaterThan(1_000_000);
    expect(after.heapBytes).toBeLessThan(200_000_000);
    expect(after.atMs).toBeGreaterThanOrEqual(before.atMs);
    expect(['batched', 'dgram']).toContain(after.voiceSocket);
  });

  it('rejects what it cannot answer any more', async () => {
    const waiting = admin.view();
    const stopped = relay.stop('closing');
    expect(await waiting).toMatchObject({ roomName: 'Room' });
    await stopped;
    await expect(admin.view()).rejects.toThrow('The room is closed.');
    await open();
  });

  it('lets more bots in than one address may connect, and leaves nothing of them', async () => {
    const count = Math.max(MAX_LANES_PER_ADDRESS, MAX_CONNECTIONS_PER_ADDRESS) + 4;
    const identities = Array.from({ length: count }, () => new TestIdentity());
    for (const name of ['Ada', 'Bob', 'Cleo']) await connect().enter(name);
    const names = identities.map(({ name }) => name);
    const test = await admin.command(root, { kind: 'admitBots', identities: names, channelName: 'Test' });
    expect(test).toEqual({ ok: true, channel: 2 });
    for (let at = 0; at < count; at += 16) {
      const batch = identities.slice(at, at + 16).map(async (identity, index) => {
        const bot = connect(identity);
        const lobby = await bot.enter(`Bot ${at + index}`);
        expect(lobby.token).toBe(bot.token);
      });
      await Promise.all(batch);
    }
    const view = await admin.view();
    expect(view.members.filter(({ bot, channel }) => bot && channel === 2)).toHaveLength(count);
    // A stranger finds the room full, and the owner of the disk finds no trace of a bot in it.
    const stranger = connect();
    const refused = stranger.greet('Dora').catch(() => undefined);
    expect(await stranger.next('refused')).toMatchObject({ code: 'roomFull' });
    await refused;
    expect((await admin.figures()).counters).toMatchObject({ storeFailures: 0, members: count + 3 });
    const [ada, , , first, second] = clients as [TestClient, TestClient, TestClient, TestClient, TestClient];
    // Whatever is done with bots, nothing of them may reach the database, which knows neither them nor their channel.
    expect(await admin.command(root, { kind: 'muteForAll', member: first.token, muted: true })).toEqual(OK);
    expect(await first.request({ kind: 'whisperList', list: 0x8000_0001, targets: [ada.token] })).toBe(
      'done',
    );
    expect(await ada.request({ kind: 'whisperList', list: 0x8000_0001, targets: [first.token] })).toBe(
      'done',
    );
    for (const [from, to] of [
      [ada, first],
      [first, ada],
      [first, second],
    ] as const) {
      from.say({ type: 'chat', id: 1, to: { kind: 'member', identity: to.identity.name }, text: 'Hello' });
      expect(await from.next('refused')).toMatchObject({
        chat: 1,
        code: from === ada ? 'unknownMember' : 'notAllowed',
      });
    }
    first.say({ type: 'state', muted: true, deafened: true });
    first.say({ type: 'leave' });
    expect(await first.request({ kind: 'join', channel: 1 })).toMatchObject({ code: 'notAllowed' });
    second.lane.terminate();
    await expect.poll(async () => (await admin.figures()).counters.members).toBe(count + 2);
    expect((await admin.figures()).counters).toMatchObject({ storeFailures: 0, sessionsHeld: 0 });
    expect(await admin.command(root, { kind: 'dismissBots' })).toEqual(OK);
    const after = await admin.view();
    expect(after.members.map(({ nickname }) => nickname)).toEqual(['Ada', 'Bob', 'Cleo']);
    expect(after.channels).toHaveLength(1);
    const lines = await admin.audit(null, 9);
    expect(lines.map(({ action }) => action)).toEqual(['dismissBots', 'muteForAll', 'admitBots']);
  }, 30_000);

  it('lets gateways stand in a channel for as long as it is open to listeners', async () => {
    const [lobby] = defaultChannels();
    if (lobby === undefined) throw new Error('a room has a channel');
    const { config, name } = lobby.info;
    const change = (listeners: boolean): AdminCommand => ({
      kind: 'changeChannel',
      channel: 1,
      name,
      config: { ...config, listeners },
    });
    const ada = connect();
    await ada.enter('Ada');
    const identity = new TestIdentity();
    const admit = { kind: 'admitListeners', identity: identity.name, channel: 1 } as const;
    expect(await admin.command(root, admit)).toMatchObject({ ok: false, code: 'notAllowed' });
    expect(await admin.command(root, change(true))).toEqual(OK);
    expect(await admin.command(root, admit)).toEqual(OK);
    const gateway = connect(identity);
    await gateway.enter(LISTENERS_NICKNAME);
    expect(await ada.next('memberJoined')).toMatchObject({
      member: { nickname: LISTENERS_NICKNAME, channel: 1 },
    });
    expect((await admin.view()).members).toMatchObject([
      { nickname: 'Ada', listeners: false },
      { nickname: LISTENERS_NICKNAME, listeners: true, bot: false },
    ]);
    gateway.say({ type: 'state', muted: false, deafened: true });
    expect(await ada.next('memberChanged')).toMatchObject({ member: { deafened: true } });
    expect(await admin.command(root, change(false))).toEqual(OK);
    expect(await ada.next('memberLeft')).toMatchObject({ token: gateway.token });
    await gateway.until(() => gateway.closed);
    expect((await admin.figures()).counters).toMatchObject({ storeFailures: 0, members: 1 });
    const actions = (await admin.audit(null, 9)).map(({ action }) => action);
    expect(actions).toEqual(['changeChannel', 'admitListeners', 'changeChannel']);
  });
});
