import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { TEST_LIMITS } from '../../../core/program/program-rig.ts';
import { Programs } from '../../../core/program/programs.ts';
import { MAX_PASSWORD_TRIES } from '../../../core/relay/guess-limit.ts';
import type { Origin } from '../gateway.ts';
import { SignallingGateway } from './signalling-gateway.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const ROBOTS = [
  { robotId: 'locked', apiKeySha256: sha256('api-key'), viewerKeySha256: sha256('viewer-key') },
  { robotId: 'open', apiKeySha256: sha256('other-key'), viewerKeySha256: null },
];

let origin: Origin;
let gateway: SignallingGateway;
let server: Server;
let nowMs: number;
let folder: string;
const sockets: WebSocket[] = [];

beforeEach(async () => {
  nowMs = 0;
  folder = mkdtempSync(join(tmpdir(), 'sidetone-view-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'room-view.html'), '<!doctype html><title>view</title>');
  writeFileSync(join(folder, 'assets', 'view-1.js'), '"view"');
  writeFileSync(join(folder, 'admin.html'), 'not for everybody');
  origin = { address: '192.0.2.1', secure: true, private: true };
  const programs = new Programs({
    limits: TEST_LIMITS,
    secretsInTheClear: false,
    equalSecrets: (one, other) => one === other,
    fitsPassword: () => false,
  });
  gateway = new SignallingGateway(
    { programs, talk: { speak: () => false, pause: () => undefined }, nowMs: () => nowMs },
    { robots: ROBOTS, secretsInTheClear: false, rendererPath: folder },
  );
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://relay.invalid');
    if (!gateway.handleRequest({ origin, request, url }, response)) response.writeHead(418).end();
  });
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '', 'http://relay.invalid');
    if (!gateway.handleUpgrade({ origin, request, url }, socket, head)) socket.end('HTTP/1.1 418 No\r\n\r\n');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await gateway.close();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

function open(query: string, headers: Record<string, string> = {}): WebSocket {
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/webrtc-relay?${query}`, { headers });
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** What it gets: the first message, or the status it is refused with. */
function firstOf(query: string, headers: Record<string, string> = {}): Promise<string | number> {
  const socket = open(query, headers);
  return new Promise((resolve) => {
    socket.once('message', (message) => resolve(message.toString()));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
}

const WELCOME = '{"type":"welcome"}';

describe('who may connect to the signalling relay', () => {
  test.each([
    ['type=robot&robot_id=locked&api_key=api-key', {}],
    ['type=robot&robot_id=locked', { 'X-API-Key': 'api-key' }],
    ['type=robot&robot_id=locked', { Authorization: 'Bearer api-key' }],
    ['type=dashboard&robot_id=locked&viewer_key=viewer-key', {}],
    ['type=dashboard&robot_id=open', {}],
  ])('%s may', async (query, headers) => {
    expect(await firstOf(query, headers)).toBe(WELCOME);
  });

  test.each([
    ['', 400],
    ['type=robot', 400],
    ['type=somebody&robot_id=open', 400],
    [`type=robot&robot_id=locked&api_key=${'x'.repeat(513)}`, 400],
    ['type=robot&robot_id=locked', 401],
    ['type=robot&robot_id=locked&api_key=wrong', 401],
    ['type=robot&robot_id=locked&api_key=viewer-key', 401],
    ['type=robot&robot_id=locked&api_key=other-key', 401],
    ['type=robot&robot_id=nobody&api_key=api-key', 401],
    ['type=dashboard&robot_id=locked', 401],
    ['type=dashboard&robot_id=locked&viewer_key=api-key', 401],
    ['type=dashboard&robot_id=nobody', 401],
  ])('%s gets %d', async (query, status) => {
    expect(await firstOf(query)).toBe(status);
  });

  test('guessing is slowed down per address, for keys and for names', async () => {
    for (let count = 0; count < MAX_PASSWORD_TRIES; count += 1)
      await firstOf(count % 2 === 0 ? 'type=dashboard&robot_id=x' : 'type=robot&robot_id=locked&api_key=x');
    expect(await firstOf('type=robot&robot_id=locked&api_key=api-key')).toBe(429);
    origin = { ...origin, address: '192.0.2.2' };
    expect(await firstOf('type=robot&robot_id=locked&api_key=api-key')).toBe(WELCOME);
  });

  test('asking for a room that needs a key is no guess', async () => {
    for (let count = 0; count <= MAX_PASSWORD_TRIES; count += 1)
      expect(await firstOf('type=dashboard&robot_id=locked')).toBe(401);
    expect(await firstOf('type=dashboard&robot_id=locked&viewer_key=viewer-key')).toBe(WELCOME);
  });

  test('the key of a room does not travel where others can read it', async () => {
    origin = { address: '192.0.2.1', secure: false, private: false };
    expect(await firstOf('type=robot&robot_id=locked&api_key=api-key')).toBe(403);
    expect(await firstOf('type=dashboard&robot_id=open')).toBe(WELCOME);
  });

  test('counts what it refuses, by reason, and names nobody', async () => {
    await firstOf('type=robot&robot_id=locked&api_key=secret-guess');
    expect(gateway.counters()).toMatchObject({ proofWrong: 1, accepted: 0 });
    expect(JSON.stringify(gateway.counters())).not.toMatch(/secret-guess|locked/);
  });
});

test('messages are handed on; binary ones are not', async () => {
  const dashboard = open('type=dashboard&robot_id=open');
  await once(dashboard, 'message');
  const robot = open('type=robot&robot_id=open&api_key=other-key');
  await once(robot, 'message');
  dashboard.send(Buffer.of(1, 2, 3));
  dashboard.send('{"type":"ready","more":1}');
  const [message] = (await once(robot, 'message')) as [Buffer];
  expect(message.toString()).toBe('{"type":"ready"}');
  expect(gateway.counters()).toMatchObject({ binaryIgnored: 1, forwarded: 1 });
  robot.close();
  const [told] = (await once(dashboard, 'message')) as [Buffer];
  expect(told.toString()).toMatch(/^\{"type":"error","message":".*room/);
});

describe('the page for people', () => {
  const ask = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { method });

  test('is served with a policy that lets it speak to this relay alone', async () => {
    const response = await ask('/webrtc-relay/view?robot_id=open');
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<title>view</title>');
    const policy = response.headers.get('content-security-policy') ?? '';
    const { port } = server.address() as AddressInfo;
    expect(policy).toContain(`connect-src 'self' wss://127.0.0.1:${port};`);
    expect(policy).toContain("script-src 'self';");
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
  });

  test('loads its own files, and nothing else of the folder', async () => {
    expect(await (await ask('/webrtc-relay/assets/view-1.js')).text()).toBe('"view"');
    expect((await ask('/webrtc-relay/assets/none.js')).status).toBe(404);
    expect((await ask('/webrtc-relay/admin.html')).status).toBe(418);
    expect((await ask('/webrtc-relay/assets/..%2fadmin.html')).status).toBe(418);
    expect((await ask('/webrtc-relay/view', 'POST')).status).toBe(405);
    expect((await ask('/webrtc-relay')).status).toBe(426);
  });
});
