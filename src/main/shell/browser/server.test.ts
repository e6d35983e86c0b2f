import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { AppState, Meters } from '../../../contract/dto.ts';
import { MAX_BAD_REQUESTS, MAX_REQUEST_BURST, MAX_REQUEST_BYTES } from './request-bounds.ts';
import { MAX_WINDOWS, startWindowServer, type WindowServer } from './server.ts';

interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

const METERS: Meters = { inputDb: -20, outputDb: -30, talkingTokens: [7] };

let folder: string;
let server: WindowServer;
let addresses: string[];
let commands: [string, unknown][];
let windowsGone: number;
let pushState: (state: AppState) => void;
let pushMeters: (meters: Meters) => void;
const openSockets: WebSocket[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidetone-window-'));
  const served = join(folder, 'served');
  await mkdir(served);
  await writeFile(join(served, 'index.html'), '<!doctype html><title>Room</title>');
  await writeFile(join(served, 'main.js'), 'export const room = 1;');
  await writeFile(join(folder, 'outside.txt'), 'not to be read');
  addresses = [];
  commands = [];
  windowsGone = 0;
  server = await startWindowServer({
    rendererPath: served,
    newAddressAfterMs: 40,
    onAddress: (address) => addresses.push(address),
    onWindowCount: () => {},
    onWindowGone: () => {
      windowsGone += 1;
    },
    notify: () => {},
    getState: () => {
      throw new Error('the server reads no state itself');
    },
    onState: (listener) => {
      pushState = listener;
      return () => {};
    },
    onMeters: (listener) => {
      pushMeters = listener;
      return () => {};
    },
    onChat: () => () => {},
    router: {
      async dispatch(command, payload) {
        commands.push([command, payload]);
        return command === 'leave'
          ? { ok: true, answer: { ok: true } }
          : { ok: false, sentence: 'No such thing.' };
      },
    },
  });
});

afterEach(async () => {
  for (const socket of openSockets.splice(0)) socket.terminate();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

function fetchPath(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = (method === 'GET' ? get : request)(
      { host: '127.0.0.1', port: server.port, path, method, headers, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          body += part;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    call.on('error', reject);
    call.end();
  });
}

function lastPath(): string {
  const { pathname, search } = new URL(addresses.at(-1) ?? '');
  return pathname + search;
}

/** Uses the address printed last; gives the cookie as a browser would send it. */
async function enter(): Promise<string> {
  const reply = await fetchPath(lastPath());
  expect(reply.status).toBe(303);
  return (reply.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
}

function connect(headers: Record<string, string>, path = '/ipc'): Promise<WebSocket | number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
    openSockets.push(socket);
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.once('error', () => resolve(0));
  });
}

async function openWindow(): Promise<WebSocket> {
  const cookie = await enter();
  const socket = await connect({ Cookie: cookie, Origin: `http://127.0.0.1:${server.port}` });
  if (!(socket instanceof WebSocket)) throw new Error(`refused with ${socket}`);
  return socket;
}

function nextMessage(socket: WebSocket): Promise<unknown> {
  return new Promise((resolve) => socket.once('message', (data) => resolve(JSON.parse(String(data)))));
}

function closeCode(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once('close', resolve));
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 2_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('it did not happen within two seconds');
    await new Promise((done) => setTimeout(done, 5));
  }
}

describe('address and cookie', () => {
  test('an address works once and becomes a strict cookie', async () => {
    const first = await fetchPath(lastPath());
    expect(first.status).toBe(303);
    expect(first.headers.location).toBe('/');
    expect(first.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
    const second = await fetchPath(lastPath());
    expect(second.status).toBe(403);
    expect(second.headers['set-cookie']).toBeUndefined();
    expect(server.counters.badToken).toBe(1);
  });

  test('without a cookie nothing is served, not even a script', async () => {
    for (const path of ['/', '/index.html', '/main.js', '/?token=', '/?token=guess', '/main.js?token=x']) {
      expect((await fetchPath(path)).status).toBe(403);
    }
  });

  test('a cookie of another port does not pass', async () => {
    const [, value] = (await enter()).split('=');
    expect((await fetchPath('/', { Cookie: `sidetone-1=${value}` })).status).toBe(403);
  });

  test('with the cookie the page comes, under the policy', async () => {
    const cookie = await enter();
    const page = await fetchPath('/', { Cookie: `other=1; ${cookie}; more=2` });
    expect(page.status).toBe(200);
    expect(page.body).toContain('<title>Room</title>');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    expect(page.headers['referrer-policy']).toBe('no-referrer');
    expect((await fetchPath('/main.js', { Cookie: cookie })).headers['content-type']).toMatch(/javascript/);
  });

  test.each(['/../outside.txt', '/%2e%2e/outside.txt', '/..%2foutside.txt', '/%ff'])(
    'the path %s leads nowhere',
    async (path) => {
      const reply = await fetchPath(path, { Cookie: await enter() });
      expect(reply.status).toBe(404);
      expect(reply.body).not.toContain('not to be read');
    },
  );

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is refused', async (method) => {
    expect((await fetchPath('/', { Cookie: await enter() }, method)).status).toBe(405);
  });

  test.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', 'localhost', '[::1]:80'])(
    'the host "%s" is refused, with a valid address too',
    async (host) => {
      expect((await fetchPath(lastPath(), { Host: host })).status).toBe(421);
      expect(server.counters.badHost).toBe(1);
    },
  );

  test('localhost is a name of ours', async () => {
    expect((await fetchPath(lastPath(), { Host: `localhost:${server.port}` })).status).toBe(303);
  });

  test('a new address is printed when the last was used and no window came', async () => {
    await enter();
    await until(() => addresses.length === 2);
    expect(new Set(addresses).size).toBe(2);
    await enter();
  });

  test('no new address while a window is open; one after it closed', async () => {
    const socket = await openWindow();
    await new Promise((done) => setTimeout(done, 120));
    expect(addresses).toHaveLength(1);
    socket.close();
    await until(() => addresses.length === 2);
    await new Promise((done) => setTimeout(done, 120));
    expect(addresses).toHaveLength(2);
  });
});

describe('socket', () => {
  test('carries commands, answers, sentences and events', async () => {
    const socket = await openWindow();
    socket.send(JSON.stringify({ id: 1, command: 'leave', payload: null }));
    expect(await nextMessage(socket)).toEqual({ id: 1, answer: { ok: true } });
    socket.send(JSON.stringify({ id: 2, command: 'fly', payload: { high: true } }));
    expect(await nextMessage(socket)).toEqual({ id: 2, error: 'No such thing.' });
    expect(commands).toEqual([
      ['leave', null],
      ['fly', { high: true }],
    ]);
    const state = { nickname: 'Ada' } as AppState;
    pushState(state);
    expect(await nextMessage(socket)).toEqual({ event: 'stateChanged', payload: state });
    pushMeters(METERS);
    expect(await nextMessage(socket)).toEqual({ event: 'metersChanged', payload: METERS });
  });

  test('refuses foreign pages, missing cookies, other paths and other hosts', async () => {
    const cookie = await enter();
    const origin = `http://127.0.0.1:${server.port}`;
    expect(await connect({ Cookie: cookie, Origin: 'http://evil.example' })).toBe(403);
    expect(await connect({ Cookie: cookie, Origin: 'null' })).toBe(403);
    expect(await connect({ Cookie: cookie, Origin: `https://127.0.0.1:${server.port}` })).toBe(403);
    expect(await connect({ Cookie: cookie })).toBe(403);
    expect(await connect({ Origin: origin })).toBe(403);
    expect(await connect({ Cookie: `${cookie}x`, Origin: origin })).toBe(403);
    expect(await connect({ Cookie: cookie, Origin: origin }, '/other')).toBe(403);
    expect(await connect({ Cookie: cookie, Origin: origin, Host: 'evil.example' })).toBe(403);
    expect(server.counters).toMatchObject({ badOrigin: 4, noCookie: 2, badPath: 1, badHost: 1 });
  });

  test('drops what is no request, counts it by reason and hangs up at the limit', async () => {
    const socket = await openWindow();
    const closed = closeCode(socket);
    const bad: (string | Buffer)[] = [
      'not json',
      '{',
      'null',
      '[]',
      '{"id":-1,"command":"leave","payload":null}',
      '{"id":1,"command":7,"payload":null}',
      '{"id":1,"command":"leave","payload":null,"more":1}',
      Buffer.from([0, 1, 2]),
    ];
    expect(bad).toHaveLength(MAX_BAD_REQUESTS);
    for (const frame of bad) socket.send(frame);
    expect(await closed).toBe(1008);
    expect(commands).toEqual([]);
    expect(server.counters).toMatchObject({ notJson: 2, badShape: 5, notText: 1 });
  });

  test('one below the limit of bad requests, the window still works', async () => {
    const socket = await openWindow();
    for (let sent = 1; sent < MAX_BAD_REQUESTS; sent += 1) socket.send('{');
    socket.send(JSON.stringify({ id: 5, command: 'leave', payload: null }));
    expect(await nextMessage(socket)).toMatchObject({ id: 5 });
  });

  test.each([
    [MAX_REQUEST_BYTES - 1, true],
    [MAX_REQUEST_BYTES, true],
    [MAX_REQUEST_BYTES + 1, false],
  ])('takes a request of %i bytes: %s', async (bytes, taken) => {
    const socket = await openWindow();
    const frame = JSON.stringify({ id: 1, command: 'leave', payload: '' });
    const text = frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`);
    expect(text).toHaveLength(bytes);
    const outcome = Promise.race([nextMessage(socket), closeCode(socket)]);
    socket.send(text);
    expect(await outcome).toEqual(taken ? { id: 1, answer: { ok: true } } : 1009);
  });

  test('hangs up on a window that asks without end', async () => {
    const socket = await openWindow();
    const closed = closeCode(socket);
    for (let id = 0; id < MAX_REQUEST_BURST * 2; id += 1) {
      socket.send(JSON.stringify({ id, command: 'leave', payload: null }));
    }
    expect(await closed).toBe(1008);
    expect(server.counters.requests).toBeGreaterThanOrEqual(MAX_REQUEST_BURST);
    expect(server.counters.tooMany).toBeGreaterThan(0);
  });

  test('admits so many windows and no more', async () => {
    const cookie = await enter();
    const headers = { Cookie: cookie, Origin: `http://127.0.0.1:${server.port}` };
    for (let open = 0; open < MAX_WINDOWS; open += 1) {
      expect(await connect(headers)).toBeInstanceOf(WebSocket);
    }
    expect(await connect(headers)).toBe(403);
    expect(server.counters.tooManyWindows).toBe(1);
  });

  test('passes at most 20 meters a second on, and always the last', async () => {
    const socket = await openWindow();
    const seen: unknown[] = [];
    socket.on('message', (data) => seen.push(JSON.parse(String(data)).payload.inputDb));
    const start = performance.now();
    let sent = 0;
    while (performance.now() - start < 250) {
      sent += 1;
      pushMeters({ ...METERS, inputDb: -sent });
      await new Promise((done) => setTimeout(done, 2));
    }
    await until(() => seen.at(-1) === -sent);
    const elapsedMs = performance.now() - start;
    expect(seen.length).toBeLessThanOrEqual(Math.floor(elapsedMs / 50) + 1);
  });

  test('leaves meters out for a window that does not read', async () => {
    const socket = await openWindow();
    socket.pause();
    const bulk = { nickname: 'x'.repeat(1_000_000) } as AppState;
    for (let sent = 0; sent < 4; sent += 1) pushState(bulk);
    await until(() => {
      pushState(bulk);
      pushMeters(METERS);
      return server.counters.metersLeftOut > 0;
    });
    await until(() => {
      pushState(bulk);
      return server.counters.backedUp > 0;
    });
  });

  test('says when a window is gone, and takes leave when it quits', async () => {
    const first = await openWindow();
    first.close();
    await until(() => windowsGone === 1);
    await until(() => addresses.length === 2);
    const second = await openWindow();
    const closed = closeCode(second);
    await server.close();
    expect(await closed).toBe(1001);
  });
});
