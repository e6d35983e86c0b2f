import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type AdminEvent,
  type AdminRoom,
  type AuditLine,
  adminEventSchema,
  type Grant,
} from '../contract/admin.ts';
import { MODERATOR_ROLE_ID } from '../core/wire/roles.ts';
import type { RunningAdmin } from './admin/admin-options.ts';
import { startAdmin } from './admin/admin-server.ts';
import { type RunningRelay, startRelay } from './relay/relay-host.ts';
import { defaultChannels } from './relay/room-defaults.ts';
import { TestClient } from './relay/test-client.ts';

const HERE = import.meta.dirname;
const MIGRATIONS = join(HERE, '../../resources/migrations');
const PASSWORD = 'correct horse battery';

const folder = mkdtempSync(join(tmpdir(), 'sidetone-admin-relay-'));
const events: AdminEvent[] = [];
let relay: RunningRelay;
let admin: RunningAdmin;
let ada: TestClient;
let token = '';

beforeAll(async () => {
  const opened = await startRelay({
    workerPath: join(HERE, 'relay/relay-worker.ts'),
    folder,
    migrationsFolder: join(MIGRATIONS, 'relay'),
    roomName: 'Room',
    maxMembers: 5,
    channels: defaultChannels(),
    ownerIdentity: null,
    port: 0,
    onCounters: () => undefined,
    onDidDie: () => undefined,
  });
  if (!opened.ok) throw new Error(opened.sentence);
  relay = opened.relay;
  const started = await startAdmin({
    relay: relay.admin,
    bots: null,
    listening: null,
    folder,
    migrationsFolder: join(MIGRATIONS, 'admin'),
    rendererPath: folder,
    host: '127.0.0.1',
    port: 0,
    tls: null,
    publicHosts: [],
    behindProxy: false,
    proxyAddresses: [],
    metricsToken: null,
    log: () => undefined,
  });
  if (!started.ok) throw new Error(started.sentence);
  admin = started.admin;
  const setup = { code: admin.setupCode, name: 'root', password: PASSWORD };
  ({ token } = (await ask<Grant>('POST', 'api/setup', setup)).body);
  void listen();
  ada = new TestClient(relay.port);
  await ada.enter('Ada');
}, 30_000);

afterAll(async () => {
  ada?.lane.terminate();
  ada?.udp.close();
  await admin?.close();
  await relay?.stop('closing');
  rmSync(folder, { recursive: true, force: true });
});

async function ask<T>(method: string, path: string, body?: unknown, by = token) {
  const response = await fetch(`${admin.url}${path}`, {
    method,
    headers: {
      ...(by === '' ? {} : { Authorization: `Bearer ${by}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, body: (json ? JSON.parse(text) : text) as T };
}

/** Gathers what the stream of events tells, until the server ends it. */
async function listen(): Promise<void> {
  const response = await fetch(`${admin.url}api/events`, { headers: { Authorization: `Bearer ${token}` } });
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    for (const frame of frames) {
      if (frame.startsWith('data: ')) events.push(adminEventSchema.parse(JSON.parse(frame.slice(6))));
    }
  }
}

/** Waits for an event that looks like this one. */
async function happened(wanted: object): Promise<void> {
  await vi.waitFor(() => expect(events).toContainEqual(expect.objectContaining(wanted)), 5_000);
}

async function room(): Promise<AdminRoom> {
  return (await ask<AdminRoom>('GET', 'api/room')).body;
}

describe('the admin server of a real relay', () => {
  it('changes channels, roles and the room, and tells of it', async () => {
    const lobby = (await room()).channels[0];
    if (lobby === undefined) throw new Error('a room has a channel');
    const made = await ask<{ channel: number }>('POST', 'api/channels', {
      name: 'Hall',
      parent: null,
      config: lobby.config,
      password: PASSWORD,
    });
    expect(made.status).toBe(201);
    const { channel } = made.body;
    await happened({ type: 'channel', channel: expect.objectContaining({ id: channel, locked: true }) });
    expect((await ask('PUT', `api/listeners/${channel}`, { listeners: true })).status).toBe(204);
    expect((await room()).channels.find(({ id }) => id === channel)).toMatchObject({
      name: 'Hall',
      locked: true,
      config: { listeners: true },
    });

    expect((await ask('PUT', 'api/config', { name: 'Harbour', maxMembers: 7 })).status).toBe(204);
    await happened({ type: 'config', config: { name: 'Harbour', maxMembers: 7 } });
    const role = { name: 'Night watch', rank: 20, permissions: ['mute'] };
    expect((await ask('POST', 'api/roles', role)).status).toBe(204);
    const { roles, name } = await room();
    expect(name).toBe('Harbour');
    const id = roles.find((one) => one.name === 'Night watch')?.id;
    await happened({ type: 'roles', roles });
    expect((await ask('DELETE', `api/roles/${id}`)).status).toBe(204);
    expect((await ask('DELETE', `api/channels/${channel}`)).status).toBe(204);
    await happened({ type: 'channelRemoved', channel });
  });

  it('judges accounts as it judges members, and acts on whoever is there', async () => {
    const account = { name: 'mod', role: MODERATOR_ROLE_ID, password: PASSWORD };
    expect((await ask('PUT', 'api/accounts', account)).status).toBe(204);
    const mod = (await ask<Grant>('POST', 'api/login', { name: 'mod', password: PASSWORD })).body.token;
    const member = (await room()).members[0]?.token;
    const ban = { subject: { kind: 'addressOf', member }, reason: 'noise', seconds: 60 };
    expect(await ask('POST', 'api/ban', ban, mod)).toMatchObject({
      status: 403,
      body: { code: 'notAllowed', sentence: 'Your role, Moderator, does not allow you to ban others.' },
    });
    expect((await ask('POST', 'api/mute', { member, muted: true }, mod)).status).toBe(204);
    await happened({
      type: 'member',
      member: expect.objectContaining({ nickname: 'Ada', mutedForAll: true }),
    });
    expect((await ask('POST', 'api/kick', { member, reason: 'noise' }, mod)).status).toBe(204);
    await happened({ type: 'memberLeft', token: member });
    await ada.until(() => ada.closed);
    expect(await ask('POST', 'api/kick', { member, reason: '' }, mod)).toMatchObject({
      status: 404,
      body: { code: 'unknownMember' },
    });

    const range = { subject: { kind: 'range', range: '203.0.113.0/24' }, reason: '', seconds: null };
    expect((await ask('POST', 'api/ban', range)).status).toBe(204);
    const bans = (await ask<{ id: number }[]>('GET', 'api/bans')).body;
    expect(bans).toMatchObject([{ subject: { kind: 'range', range: '203.0.113.0/24' }, untilMs: null }]);
    expect((await ask('DELETE', `api/bans/${bans[0]?.id}`)).status).toBe(204);
    expect((await ask('GET', 'api/bans')).body).toEqual([]);
  });

  it('has it all in the audit log, under the names of accounts', async () => {
    const { body } = await ask<AuditLine[]>('GET', 'api/audit');
    expect(body.map(({ id }) => id)).toEqual(body.map(({ id }) => id).sort((a, b) => b - a));
    const lines = body.map(({ by, action }) => `${by} ${action}`);
    for (const line of ['accountSetUp', 'createChannel', 'changeChannel', 'removeChannel', 'createAccount']) {
      expect(lines).toContain(`account:root ${line}`);
    }
    for (const line of ['login', 'kick']) expect(lines).toContain(`account:mod ${line}`);
    expect(JSON.stringify(body)).not.toContain('horse');
  });

  it('shows figures, says so when the room is closed, and survives it', async () => {
    expect((await ask('GET', 'ready', undefined, '')).status).toBe(200);
    const { body } = await ask<string>('GET', 'metrics', undefined, '');
    expect(body).toContain('sidetone_relay_up 1\n');
    expect(body).toMatch(/^sidetone_relay_datagrams_received_total\{path="udp"\} \d+$/m);
    expect(body).toMatch(/^sidetone_relay_udp_kernel_drops_total \d+$/m);
    expect((await ask('GET', 'api/traffic')).status).toBe(200);
    await relay.stop('closing');
    expect((await ask('GET', 'ready', undefined, '')).status).toBe(503);
    expect((await ask('GET', 'health', undefined, '')).status).toBe(200);
    expect(await ask('GET', 'api/room')).toMatchObject({ status: 503, body: { code: 'relayGone' } });
  });
});
