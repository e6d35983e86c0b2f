import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { IDLE_BOTS } from '../../contract/admin.ts';
import { ADMIN_ROLE_ID, MODERATOR_ROLE_ID } from '../../core/wire/roles.ts';
import type { AdminOptions } from './admin-options.ts';
import { type AdminRig, addAccount, openAdmin, setUp } from './admin-rig.ts';
import { isListeningGauge } from './listening-metrics.ts';

let rig: AdminRig;

afterEach(() => rig.close());

async function open(changes: Partial<AdminOptions> = {}): Promise<string> {
  rig = await openAdmin(changes);
  return (await setUp(rig)).token;
}

describe('health and readiness', () => {
  test('the program lives whatever the relay does', async () => {
    await open();
    expect(await rig.ask('GET', '/ready', null)).toMatchObject({
      status: 200,
      body: { ok: true, listening: 'open' },
    });
    rig.listening.status = 'failing';
    expect(await rig.ask('GET', '/ready', null)).toMatchObject({
      status: 200,
      body: { ok: true, listening: 'failing' },
    });
    rig.relay.mood = 'gone';
    expect((await rig.ask('GET', '/health', null)).status).toBe(200);
    expect(await rig.ask('GET', '/ready', null)).toMatchObject({ status: 503, body: { code: 'relayGone' } });
  });

  test('a relay that says nothing for a second is not ready', async () => {
    await open();
    rig.relay.mood = 'silent';
    expect((await rig.ask('GET', '/ready', null)).status).toBe(503);
    rig.relay.mood = 'well';
    expect((await rig.ask('GET', '/ready', null)).status).toBe(200);
  });
});

/** Text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */
const LINE =
  /^(?:# HELP [a-z_]+ .+|# TYPE [a-z_]+ (?:counter|gauge)|[a-z_]+(?:\{[a-z]+="[A-Za-z0-9.-]+"\})? -?\d+(?:\.\d+)?(?:e[+-]\d+)?|)$/;

function values(text: unknown): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of String(text).split('\n')) {
    expect(line).toMatch(LINE);
    if (line === '' || line.startsWith('#')) continue;
    const [name = '', value] = line.split(' ');
    expect(found.has(name)).toBe(false);
    found.set(name, Number(value));
  }
  return found;
}

describe('metrics', () => {
  const counters = {
    members: 12,
    lanes: 13,
    received: 100,
    receivedByLane: 30,
    keepAlives: 5,
    forwardedOut: 800,
    forwardedOutByLane: 20,
    'discard.tooShort': 4,
    'discard.unknownToken': 6,
    'keys.commitsAsked': 7,
    'password.running': 1,
    'password.hashed': 2,
    udpKernelDrops: 9,
    udpSendBufferFull: 8,
    somethingNew: 77,
    'hostile name {x="1"} 5\nmore': 1,
  };

  test('tell what the relay counts, each counter once, and every line can be read', async () => {
    await open();
    rig.relay.figuresNow = { ...rig.relay.figuresNow, counters, cpuMs: 1_500, voiceSocket: 'batched' };
    const { status, headers, body } = await rig.ask('GET', '/metrics', null);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const told = values(body);
    const expected = {
      sidetone_relay_up: 1,
      sidetone_relay_members: 12,
      sidetone_relay_lanes: 13,
      sidetone_relay_cpu_seconds_total: 1.5,
      sidetone_relay_voice_socket_batched: 1,
      'sidetone_relay_datagrams_received_total{path="udp"}': 70,
      'sidetone_relay_datagrams_received_total{path="lane"}': 30,
      'sidetone_relay_datagrams_forwarded_total{path="udp"}': 780,
      'sidetone_relay_datagrams_forwarded_total{path="lane"}': 20,
      'sidetone_relay_datagrams_discarded_total{reason="tooShort"}': 4,
      'sidetone_relay_datagrams_discarded_total{reason="unknownToken"}': 6,
      'sidetone_relay_key_events_total{event="commitsAsked"}': 7,
      'sidetone_relay_password_jobs{event="running"}': 1,
      sidetone_relay_udp_kernel_drops_total: 9,
      sidetone_relay_udp_send_buffer_full_total: 8,
      'sidetone_relay_events_total{event="password.hashed"}': 2,
      'sidetone_relay_events_total{event="somethingNew"}': 77,
      'sidetone_relay_events_total{event="keepAlives"}': 5,
      'sidetone_admin_events_total{event="code.triesRight"}': 1,
    };
    for (const [name, value] of Object.entries(expected))
      expect([name, told.get(name)]).toEqual([name, value]);
    const dropped = 1;
    let sum = 0;
    for (const [name, value] of told) {
      const own = ['sidetone_relay_up', 'sidetone_relay_cpu_seconds_total', 'sidetone_relay_heap_bytes'];
      if (name.startsWith('sidetone_relay_') && !own.includes(name) && !name.includes('batched'))
        sum += value;
    }
    const all = Object.values(counters).reduce((total, count) => total + count, 0);
    // The two wholes hold their parts.
    expect(sum).toBe(all - counters.receivedByLane - counters.forwardedOutByLane - dropped);
    expect(told.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  });

  test('tell what listening counts', async () => {
    await open();
    Object.assign(rig.listening.counted, {
      channelsOpen: 2,
      visits: 5,
      listeners: 4,
      publishers: 1,
      restarts: 3,
      'visit.admitted': 9,
      'visit.proofWrong': 8,
      'frames.sent': 1_000,
      'frames.lost': 7,
      'pages.published': 20,
      'ogg.listening': 3,
      'audio-socket.open': 1,
      'ogg.requests': 11,
      'members.now.standing': 2,
      'members.packets.tooLong': 6,
      'hostile name {x="1"} 5\nmore': 1,
    });
    for (let look = 0; look < 2; look += 1) {
      const { body } = await rig.ask('GET', '/metrics', null);
      const told = [...values(body)].filter(([name]) => name.startsWith('sidetone_listening_'));
      expect(Object.fromEntries(told)).toEqual({
        sidetone_listening_channels: 2,
        sidetone_listening_visits: 5,
        sidetone_listening_listeners: 4,
        sidetone_listening_publishers: 1,
        sidetone_listening_restarts_total: 3,
        'sidetone_listening_visits_total{reason="admitted"}': 9,
        'sidetone_listening_visits_total{reason="proofWrong"}': 8,
        'sidetone_listening_sent_total{path="frames"}': 1_000,
        'sidetone_listening_lost_total{path="frames"}': 7,
        'sidetone_listening_connections{gateway="ogg"}': 3,
        'sidetone_listening_connections{gateway="audio-socket"}': 1,
        'sidetone_listening_members{event="standing"}': 2,
        'sidetone_listening_events_total{event="pages.published"}': 20,
        'sidetone_listening_events_total{event="ogg.requests"}': 11,
        'sidetone_listening_events_total{event="members.packets.tooLong"}': 6,
      });
    }
    for (const gauge of ['listeners', 'ogg.listening', 'members.now.standing', 'channelsOpen'])
      expect([gauge, isListeningGauge(`listening.${gauge}`)]).toEqual([gauge, true]);
    for (const other of ['listeners', 'listening.frames.sent', 'listening.', 'admin.listeners'])
      expect([other, isListeningGauge(other)]).toEqual([other, false]);
  });

  test('do not add up from one look to the next, and say when there is no relay', async () => {
    await open();
    await rig.ask('GET', '/metrics', null);
    const again = values((await rig.ask('GET', '/metrics', null)).body);
    expect(again.get('sidetone_relay_datagrams_received_total{path="udp"}')).toBe(7);
    rig.relay.mood = 'gone';
    const { status, body } = await rig.ask('GET', '/metrics', null);
    expect(status).toBe(200);
    expect(values(body).get('sidetone_relay_up')).toBe(0);
    expect(String(body)).not.toContain('datagrams_received_total{');
  });

  test('name nobody', async () => {
    await open();
    const { body } = await rig.ask('GET', '/metrics', null);
    for (const name of ['Ada', 'Lobby', 'cellar', 'root', '127.0.0.1']) expect(body).not.toContain(name);
  });

  test('from elsewhere ask for a token: the collector’s, or an account’s', async () => {
    const metricsToken = 'collector-token-of-thirty-characters';
    const token = await open({
      metricsToken,
      behindProxy: true,
      publicHosts: ['127.0.0.1'],
      proxyAddresses: ['127.0.0.1'],
    });
    const status = async (bearer: string | null) => (await rig.ask('GET', '/metrics', bearer)).status;
    expect(await status(null)).toBe(401);
    expect(await status(`${metricsToken}x`)).toBe(401);
    expect(await status(metricsToken)).toBe(200);
    expect(await status(token)).toBe(200);
    expect((await rig.ask('GET', '/api/room', metricsToken)).status).toBe(401);
  });

  test('are open to this machine only where they are asked for by a name of this machine', async () => {
    await open({ publicHosts: ['voice.example'] });
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      const options = { port: rig.admin.port, path: '/metrics', headers: { Host: 'voice.example' } };
      request(options, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(status).toBe(401);
  });
});

describe('bots', () => {
  const request = { bots: 100, speakers: 10, seconds: 60, address: null };

  test('are started and stopped by admins, and seen by every account', async () => {
    const root = await open();
    const { token: mod } = await addAccount(rig, root, 'mod', MODERATOR_ROLE_ID);
    for (const method of ['GET', 'POST', 'DELETE']) {
      const body = method === 'POST' ? request : undefined;
      expect((await rig.ask(method, '/api/bots', null, body)).status).toBe(401);
      expect((await rig.ask(method, '/api/bots', mod, body)).status).toBe(method === 'GET' ? 200 : 403);
    }
    rig.bots.shown = { ...IDLE_BOTS, phase: 'joining', bots: 100 };
    expect(await rig.ask('POST', '/api/bots', root, request)).toMatchObject({
      status: 200,
      body: { phase: 'joining', bots: 100 },
    });
    expect(rig.bots.started).toEqual([{ request, actor: { account: 'root', role: ADMIN_ROLE_ID } }]);
    expect((await rig.ask('DELETE', '/api/bots', root)).body).toEqual(rig.bots.shown);
    expect(rig.bots.stopped).toBe(1);
  });

  test.each([
    ['notAllowed', 403],
    ['running', 409],
    ['badRequest', 400],
    ['unavailable', 503],
  ] as const)('%s is answered %d', async (reason, status) => {
    const root = await open();
    rig.bots.outcome = { ok: false, reason, sentence: 'No.' };
    expect(await rig.ask('POST', '/api/bots', root, request)).toMatchObject({
      status,
      body: { code: reason, sentence: 'No.' },
    });
  });

  test.each([{ bots: 1 }, { bots: 201 }, { speakers: 0 }, { seconds: 4 }, { seconds: 601 }, { more: 1 }])(
    '%j is not understood',
    async (change) => {
      const root = await open();
      expect((await rig.ask('POST', '/api/bots', root, { ...request, ...change })).status).toBe(400);
      expect(rig.bots.started).toEqual([]);
    },
  );

  test('where there are none, none run and none can be started', async () => {
    const root = await open({ bots: null });
    expect((await rig.ask('GET', '/api/bots', root)).body).toEqual(IDLE_BOTS);
    expect(await rig.ask('POST', '/api/bots', root, request)).toMatchObject({
      status: 503,
      body: { code: 'unavailable' },
    });
    expect((await rig.ask('DELETE', '/api/bots', root)).status).toBe(200);
  });
});

describe('the dashboard', () => {
  test('is its page and the assets, and nothing else of the folder', async () => {
    await open();
    const page = await rig.ask('GET', '/', null);
    expect([page.status, page.body]).toEqual([200, '<!doctype html><title>Sidetone administration</title>']);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const asset = await rig.ask('GET', '/assets/admin-a1.js', null);
    expect(asset.status).toBe(200);
    expect(asset.headers.get('content-type')).toContain('javascript');
    // Node's fetch asks past all caches when it is given a validator, unless told otherwise.
    const again = await rig.ask('GET', '/', null, undefined, {
      'Cache-Control': 'max-age=0',
      'If-None-Match': page.headers.get('etag') ?? '',
    });
    expect(again.status).toBe(304);
    for (const path of [
      '/index.html',
      '/admin.html',
      '/assets/',
      '/assets/none.js',
      '/assets/../index.html',
      '/assets/..%2findex.html',
      '/assets/%2e%2e/index.html',
      '/assets//etc/passwd',
      '/..%2f..%2fadmin.db',
      '/admin.db',
      '/assets/%',
    ]) {
      const { status } = await rig.ask('GET', path, null);
      expect([path, status >= 400 && status < 500]).toEqual([path, true]);
    }
  });

  test('is not there where it was not built', async () => {
    await open({ rendererPath: join('no', 'such', 'folder') });
    expect(await rig.ask('GET', '/', null)).toMatchObject({ status: 404, body: { code: 'notFound' } });
    rmSync(join(rig.folder, 'renderer'), { recursive: true });
  });
});
