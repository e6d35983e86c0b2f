import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { someCertificate } from '../base/certificate-rig.ts';
import { MAX_BODY_BYTES } from './admin-app.ts';
import { type AdminOptions, MIN_METRICS_TOKEN_LENGTH } from './admin-options.ts';
import { type AdminRig, openAdmin, SOME_PASSWORD, setUp } from './admin-rig.ts';
import { MAX_CONNECTIONS_PER_ADDRESS } from './http-server.ts';
import { MAX_REQUESTS_PER_MINUTE, REQUEST_WINDOW_MS } from './request-limit.ts';

let rig: AdminRig | null = null;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await rig?.close();
  rig = null;
});

async function open(changes: Partial<AdminOptions> = {}): Promise<AdminRig> {
  rig = await openAdmin(changes);
  return rig;
}

/** Fingerprint of the certificate that a port shows. */
function shownBy(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

/** A request whose Host header the test writes. */
function statusFor(port: number, host: string, path = '/health'): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { Host: host };
    request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}

/** What the server says to bytes that a test writes itself, until it hangs up. */
async function say(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.setEncoding('utf8');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
  });
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

describe('the name that is asked for', () => {
  test('is one of this machine, with the right port', async () => {
    const { admin } = await open();
    const { port } = admin;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`]) {
      expect(await statusFor(port, host)).toBe(200);
    }
    const bad = [
      'localhost',
      `localhost:${port + 1}`,
      `evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      `localhost.evil.example:${port}`,
      `evil.example@localhost:${port}`,
      `localhost:${port}:80`,
      `127.0.0.2:${port}`,
      `0.0.0.0:${port}`,
    ];
    for (const host of bad) expect([host, await statusFor(port, host)]).toEqual([host, 421]);
    for (const path of ['/', '/metrics', '/api/setup', '/api/openapi.json', '/nothing']) {
      expect(await statusFor(port, `evil.example:${port}`, path)).toBe(421);
    }
    expect(await say(port, 'GET /health HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n')).toContain(' 421 ');
    expect(await say(port, 'GET /health HTTP/1.0\r\n\r\n')).toContain(' 421 ');
    expect(await say(port, 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n')).toContain(' 400 ');
    expect(admin.counters()['requestsBadHost']).toBe(bad.length + 7);
  });

  test('may be a public one that the operator named', async () => {
    const { admin } = await open({ publicHosts: ['voice.example', '203.0.113.7'] });
    expect(admin.url).toBe(`http://voice.example:${admin.port}/`);
    expect(await statusFor(admin.port, 'Voice.Example')).toBe(200);
    expect(await statusFor(admin.port, '203.0.113.7:8443')).toBe(200);
    expect(await statusFor(admin.port, 'other.voice.example')).toBe(421);
  });
});

describe('where it listens', () => {
  const sentences: readonly [string, Partial<AdminOptions>, string][] = [
    ['elsewhere without TLS', { host: '0.0.0.0' }, 'in the clear'],
    ['elsewhere on IPv6 without TLS', { host: '::' }, 'in the clear'],
    ['a name', { host: 'voice.example' }, 'is none'],
    ['a proxy that is none', { behindProxy: true, proxyAddresses: ['proxy'] }, 'no address of a proxy'],
    ['a range too long', { behindProxy: true, proxyAddresses: ['10.0.0.0/33'] }, 'no address of a proxy'],
    ['a public name with a port', { publicHosts: ['voice.example:443'] }, 'no name of a host'],
    ['a short token', { metricsToken: 'x'.repeat(MIN_METRICS_TOKEN_LENGTH - 1) }, 'too short'],
    ['another machine’s address', { host: '203.0.113.7', behindProxy: true }, 'no address of this machine'],
  ];

  test.each(sentences)('%s is refused with a sentence', async (_, changes, part) => {
    await expect(openAdmin(changes)).rejects.toThrow(part);
  });

  test('a port that is taken is refused with a sentence, and the folder is free again', async () => {
    const { admin } = await open();
    const folder = mkdtempSync(join(tmpdir(), 'sidetone-admin-'));
    await expect(openAdmin({ port: admin.port }, { folder })).rejects.toThrow(`Port ${admin.port} is taken`);
    const other = await openAdmin({}, { folder });
    await expect(openAdmin({}, { folder })).rejects.toThrow('in use by another Sidetone');
    await other.admin.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('all addresses, behind a proxy: by its own address for this machine alone', async () => {
    const { admin } = await open({ host: '0.0.0.0', behindProxy: true, publicHosts: ['voice.example'] });
    expect(admin.url).toBe('https://voice.example/');
    expect(await statusFor(admin.port, 'voice.example')).toBe(200);
  });

  test('shows a renewed certificate to whoever comes then, and keeps the old one before a wrong one', async () => {
    const { admin } = await open({ tls: await someCertificate(), host: '0.0.0.0' });
    const before = await shownBy(admin.port);
    admin.renewCertificate(await someCertificate());
    const after = await shownBy(admin.port);
    expect(after).not.toBe(before);
    const { certificatePem } = await someCertificate();
    const { keyPem } = await someCertificate();
    expect(() => admin.renewCertificate({ certificatePem, keyPem })).toThrow();
    expect(await shownBy(admin.port)).toBe(after);
  });

  test('speaks TLS 1.3 where it has a certificate', async () => {
    const { admin } = await open({ tls: await someCertificate(), host: '0.0.0.0' });
    expect(admin.url).toBe(`https://127.0.0.1:${admin.port}/`);
    const ask = (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<number>((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          port: admin.port,
          path: '/health',
          rejectUnauthorized: false,
          maxVersion,
          agent: false,
        };
        tlsRequest(options, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
          .once('error', reject)
          .end();
      });
    expect(await ask('TLSv1.3')).toBe(200);
    await expect(ask('TLSv1.2')).rejects.toThrow();
  });
});

describe('for whom is asked', () => {
  test('a proxy says it, and only one that is known', async () => {
    const { ask, relay, admin } = await open({ behindProxy: true, proxyAddresses: ['127.0.0.0/8'] });
    for (let n = 0; n < MAX_REQUESTS_PER_MINUTE; n += 1) {
      const { status } = await ask('GET', '/health', null, undefined, { 'X-Forwarded-For': '203.0.113.7' });
      expect(status).toBe(200);
    }
    const from = (address: string) => ask('GET', '/health', null, undefined, { 'X-Forwarded-For': address });
    expect((await from('203.0.113.7')).status).toBe(429);
    // What the requester itself wrote before it reached the proxy counts for nothing.
    expect((await from('198.51.100.1, 203.0.113.7')).status).toBe(429);
    expect((await from('203.0.113.8')).status).toBe(200);
    expect([relay.commands.length, admin.counters()['requestsTooMany']]).toEqual([0, 2]);
  }, 20_000);

  test('without a proxy nobody is believed', async () => {
    const { ask, clock, admin } = await open();
    for (let n = 0; n < MAX_REQUESTS_PER_MINUTE; n += 1) {
      const forged = { 'X-Forwarded-For': `203.0.113.${n % 250}` };
      expect(
        (await ask('GET', n % 2 === 0 ? '/health' : '/nothing', null, undefined, forged)).status,
      ).not.toBe(429);
    }
    const refused = await ask('GET', '/health', null);
    expect(refused).toMatchObject({ status: 429, body: { code: 'tooManyRequests' } });
    expect(refused.headers.get('retry-after')).toBe(String(REQUEST_WINDOW_MS / 1_000));
    clock.nowMs += REQUEST_WINDOW_MS - 1;
    expect((await ask('GET', '/health', null)).status).toBe(429);
    clock.nowMs += 1;
    expect((await ask('GET', '/health', null)).status).toBe(200);
    expect(requestsBalance(admin.counters())).toBe(true);
  }, 20_000);
});

function requestsBalance(counters: Readonly<Record<string, number>>): boolean {
  const of = (name: string): number => counters[`requests${name}`] ?? Number.NaN;
  return of('') === of('Answered') + of('Refused') + of('Failed') + of('CutOff');
}

describe('what is sent', () => {
  test('has a length: at the limit, and a byte above', async () => {
    const { ask } = await open();
    const around = JSON.stringify({ name: '', password: '' }).length;
    const name = (bytes: number) => ({ name: 'x'.repeat(bytes - around), password: '' });
    expect((await ask('POST', '/api/login', null, name(MAX_BODY_BYTES))).status).toBe(400);
    expect(await ask('POST', '/api/login', null, name(MAX_BODY_BYTES + 1))).toMatchObject({
      status: 413,
      body: { code: 'tooLong', sentence: 'The request is longer than 64 KiB.' },
    });
  });

  test('is JSON', async () => {
    const { admin } = await open();
    const send = async (type: string, body: string) => {
      const response = await fetch(`${admin.url}api/login`, {
        method: 'POST',
        headers: { 'Content-Type': type },
        body,
      });
      return [response.status, ((await response.json()) as { code: string }).code];
    };
    expect(await send('text/plain', '{"name":"x","password":"y"}')).toEqual([415, 'notJson']);
    expect(await send('application/x-www-form-urlencoded', 'name=x')).toEqual([415, 'notJson']);
    expect(await send('application/json', '{"name":')).toEqual([400, 'badRequest']);
    expect(await send('application/json', '{"__proto__":{"a":1}}')).toEqual([400, 'badRequest']);
    expect(await send('application/json', 'null')).toEqual([400, 'badRequest']);
  });

  test('comes at once, or the connection is closed', async () => {
    const { admin } = await open();
    const head = `POST /api/login HTTP/1.1\r\nHost: 127.0.0.1:${admin.port}\r\n`;
    expect(await say(admin.port, 'nonsense\r\n\r\n')).toContain('400');
    expect(await say(admin.port, `${head}Cookie: ${'x'.repeat(20_000)}\r\n\r\n`)).toContain('431');
  });

  test('one address has so many connections', async () => {
    const { admin } = await open();
    const connected: Socket[] = [];
    for (let n = 0; n < MAX_CONNECTIONS_PER_ADDRESS; n += 1) {
      const socket = connect(admin.port, '127.0.0.1');
      sockets.push(socket);
      await once(socket, 'connect');
      connected.push(socket);
    }
    expect(await say(admin.port, '')).toBe('');
    expect(admin.counters()['connectionsTooManyFromAddress']).toBe(1);
    connected[0]?.destroy();
    await vi.waitFor(
      async () => expect(await statusFor(admin.port, `127.0.0.1:${admin.port}`)).toBe(200),
      5_000,
    );
  });
});

describe('what is answered', () => {
  test('carries headers that keep other pages out, and none that lets them in', async () => {
    const { ask, admin } = await open();
    const { token } = await setUp(rig as AdminRig);
    for (const path of ['/', '/assets/admin-a1.js', '/health', '/api/room', '/api/nothing', '/metrics']) {
      const { headers } = await ask('GET', path, token, undefined, { Origin: 'http://evil.example' });
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('set-cookie')).toBeNull();
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
    const preflight = await fetch(`${admin.url}api/login`, { method: 'OPTIONS' });
    expect(preflight.status).toBe(404);
    expect((await ask('GET', '/api/room', token)).headers.get('cache-control')).toBe('no-store');
  });

  test('a fault of ours says nothing of itself, and is logged without what was sent', async () => {
    const { ask, relay, logged, admin } = await open();
    const { token } = await setUp(rig as AdminRig);
    relay.outcome = { ok: true, channel: null };
    const body = {
      name: 'Secret',
      parent: null,
      config: relay.shown.channels[0]?.config,
      password: SOME_PASSWORD,
    };
    expect(await ask('POST', '/api/channels', token, body)).toMatchObject({
      status: 500,
      body: { code: 'failed' },
    });
    expect(logged.at(-1)).toEqual({
      event: 'adminFailed',
      fields: { route: '/api/channels', error: 'Error' },
    });
    expect(requestsBalance(admin.counters())).toBe(true);
    expect(admin.counters()['requestsFailed']).toBe(1);
  });
});
