import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Programs } from '../../../core/program/programs.ts';
import { someChannel } from '../front/web-socket-rig.ts';
import { PageGateway, policyFor } from './page-gateway.ts';

const LIMITS = { maxBacklogBytes: 65_536, maxStallMs: 1_000 };

let folder: string;
let server: Server;
let base: string;
let programs: Programs;
let gateway: PageGateway;
let secure = false;

beforeEach(async () => {
  secure = false;
  folder = mkdtempSync(join(tmpdir(), 'sidetone-page-'));
  mkdirSync(join(folder, 'assets'));
  for (const [name, text] of [
    ['listen.html', 'the page'],
    ['admin.html', 'not here'],
    ['assets/listen-1a.js', 'a script'],
    ['secret.txt', 'not here'],
  ] as const)
    writeFileSync(join(folder, name), text);
  programs = new Programs({
    limits: { frames: LIMITS, pages: LIMITS, units: LIMITS },
    secretsInTheClear: false,
    equalSecrets: (one, other) => one === other,
    fitsPassword: () => false,
  });
  gateway = new PageGateway(
    { programs, talk: { speak: () => false, pause: () => undefined }, nowMs: () => 0 },
    folder,
  );
  server = createServer((request, response) => {
    const origin = { address: '127.0.0.1', secure, private: true };
    const url = new URL(request.url ?? '/', 'http://relay.invalid');
    if (!gateway.handleRequest({ origin, request, url }, response)) response.writeHead(418).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

test.each(['/', '/listen', '/listen/', '/listen/music', '/listen/music?key=x', '/listen/%E2%98%83'])(
  '%s is the page, under a policy of its own files alone',
  async (path) => {
    const response = await fetch(base + path);
    expect(await response.text()).toBe('the page');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(policy).toContain(`connect-src 'self' ${base.replace('http', 'ws')};`);
    expect(policy).toContain("default-src 'none'");
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(response.headers.get('permissions-policy')).toContain('microphone=(self)');
  },
);

test('over TLS its socket is one too', async () => {
  secure = true;
  const policy = (await fetch(base)).headers.get('content-security-policy') ?? '';
  expect(policy).toContain(`connect-src 'self' ${base.replace('http', 'wss')};`);
});

test.each(['evil.example; script-src *', 'a b', "x'y", '[::1', ''])(
  'a host called %j does not get into the policy',
  (host) => {
    expect(policyFor(host, false)).toContain("connect-src 'self';");
  },
);

test.each(['/assets/listen-1a.js', '/listen/assets/listen-1a.js'])(
  '%s is what the page loads',
  async (path) => {
    const response = await fetch(base + path);
    expect(await response.text()).toBe('a script');
    expect(response.headers.get('cache-control')).toContain('immutable');
  },
);

test.each([
  ['/assets/gone.js', 404],
  ['/admin.html', 418],
  ['/listen.html', 418],
  ['/secret.txt', 418],
  ['/assets/../secret.txt', 418],
  ['/assets/%2e%2e%2fsecret.txt', 418],
  ['/listen/assets/..%2fsecret.txt', 418],
  ['/listen/a/b', 418],
])('%s is %i', async (path, status) => {
  expect((await fetch(base + path)).status).toBe(status);
});

test('HEAD gives no body, and nothing can be posted', async () => {
  const head = await fetch(`${base}/listen/music`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  const post = await fetch(`${base}/listen/music`, { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('the list names what is public, and what is on', async () => {
  programs.setChannels([
    someChannel(),
    someChannel({ id: 2, name: 'Secret', slug: 'secret', access: 'link' }),
    someChannel({ id: 3, name: 'Quiet', slug: 'quiet' }),
  ]);
  const feed = programs.program(1)?.begin({
    kind: 'publisher',
    source: 'Radio',
    channels: 1,
    bitrate: null,
    preSkipSamples: 0,
    container: null,
  });
  feed?.tags([['title', 'A song']]);
  const response = await fetch(`${base}/listen/channels.json`);
  expect(await response.json()).toEqual({
    channels: [
      { slug: 'music', name: 'Music', source: 'Radio', title: 'A song' },
      { slug: 'quiet', name: 'Quiet', source: null, title: '' },
    ],
  });
});

test('where no page was built, none is served', () => {
  const empty = mkdtempSync(join(tmpdir(), 'sidetone-page-'));
  const without = new PageGateway(
    { programs, talk: { speak: () => false, pause: () => undefined }, nowMs: () => 0 },
    empty,
  );
  const web = {
    origin: { address: '127.0.0.1', secure: false, private: true },
    request: { method: 'GET', headers: {} } as never,
    url: new URL('http://relay.invalid/'),
  };
  expect(without.handleRequest(web, {} as never)).toBe(false);
  rmSync(empty, { recursive: true });
});
