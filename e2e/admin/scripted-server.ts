import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { contentSecurityPolicy, HARDENING_HEADERS } from '../../src/main/base/content-security.ts';
import { ServedFolder } from '../../src/main/base/served-folder.ts';
import { FakeRelay } from '../../src/renderer/admin/dev/fake-relay.ts';
import { FAKE_CODE, fakeMember } from '../../src/renderer/admin/dev/fake-room.ts';
import type { Guest, Stage } from './stage.ts';

/** The made-up relay's second, in ms: short, so that a test of many seconds does not take them. */
const TICK_MS = 250;

/** Longest body that is read, in bytes. */
const MAX_BODY_BYTES = 64 * 1_024;

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_BODY_BYTES) throw new Error('the dashboard sent too much');
    chunks.push(bytes);
  }
  return length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function sendEvents(relay: FakeRelay, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const end = relay.watch((event) => response.write(`data: ${JSON.stringify(event)}\n\n`));
  response.on('close', end);
}

async function answer(relay: FakeRelay, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://relay.example');
  const token = request.headers.authorization?.replace(/^Bearer /, '') ?? null;
  if (pathname === '/api/events' && relay.holds(token)) return sendEvents(relay, response);
  const { status, body } = relay.handle({
    method: request.method ?? 'GET',
    path: pathname,
    query: searchParams,
    token,
    body: await readBody(request),
  });
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** Serves the built dashboard with a made-up relay behind it, under the same policy as the real server. */
export async function openScriptedStage(rendererFolder: string): Promise<Stage> {
  const relay = new FakeRelay({ setup: true });
  const pages = new ServedFolder(rendererFolder);
  let broken = false;
  const server = createServer((request, response) => {
    if (broken) {
      request.socket.destroy();
      return;
    }
    response.setHeader('Content-Security-Policy', contentSecurityPolicy("'self'"));
    for (const [name, value] of Object.entries(HARDENING_HEADERS)) response.setHeader(name, value);
    if (request.url?.startsWith('/api/') === true) {
      void answer(relay, request, response).catch(() => response.writeHead(500).end());
      return;
    }
    const path = (request.url ?? '/').replace(/[?#].*$/, '');
    pages.serve(request, response, path === '/' ? '/admin.html' : path, () => {
      response.writeHead(404).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = setInterval(() => relay.tick(), TICK_MS);
  let guests = 500;
  return {
    name: 'scripted',
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    code: FAKE_CODE,
    fake: relay,
    join: async (nickname): Promise<Guest> => {
      guests += 1;
      const token = guests;
      relay.putMember(fakeMember(token, nickname));
      return { leave: () => relay.dropMember(token) };
    },
    breakOff: async () => {
      broken = true;
      server.closeAllConnections();
    },
    mend: async () => {
      broken = false;
    },
    close: async () => {
      clearInterval(clock);
      server.closeAllConnections();
      server.close();
    },
  };
}
