import { once } from 'node:events';
import { createServer, get, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ListeningChannel } from '../../../core/program/listening.ts';
import type { Feed } from '../../../core/program/program.ts';
import { Programs } from '../../../core/program/programs.ts';
import type { Gateway, Origin } from '../gateway.ts';
import { createOggGateway } from './ogg-gateway.ts';
import { FIRST_SOUND_LIMIT_MS } from './ogg-listener.ts';

const LIMITS = { maxBacklogBytes: 100_000, maxStallMs: 5_000 };

const CHANNEL: ListeningChannel = {
  id: 1,
  name: 'Music',
  slug: 'music',
  source: 'publisher',
  access: 'public',
  linkKey: 'link-key',
  password: null,
  publishKey: 'publish-key',
  talk: false,
  maxListeners: 5,
  bitrate: 64_000,
};

const REQUEST = {
  kind: 'publisher',
  source: 'Somebody',
  channels: 1,
  bitrate: null,
  preSkipSamples: 312,
  container: null,
} as const;

const ORIGIN: Origin = { address: '192.0.2.1', secure: false, private: true };

let nowMs: number;
let programs: Programs;
let gateway: Gateway;
let server: Server;

function port(): number {
  return (server.address() as AddressInfo).port;
}

beforeEach(async () => {
  nowMs = 0;
  programs = new Programs({
    limits: { frames: LIMITS, pages: LIMITS, units: LIMITS },
    secretsInTheClear: false,
    equalSecrets: (one, other) => one === other,
    fitsPassword: (password, { sha256 }) => password === sha256,
  });
  programs.setChannels([CHANNEL, { ...CHANNEL, id: 2, slug: 'closed', name: 'Closed', access: 'link' }]);
  gateway = createOggGateway({
    programs,
    talk: { speak: () => false, pause: () => undefined },
    nowMs: () => nowMs,
  });
  server = createServer((message, response) => {
    const url = new URL(message.url ?? '', 'http://relay.invalid');
    if (gateway.handleRequest?.({ origin: ORIGIN, request: message, url }, response) !== true) {
      response.writeHead(404).end();
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  await gateway.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ port: port(), host: '127.0.0.1', path, agent: false, ...options }, resolve)
      .on('error', reject)
      .end();
  });
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

function begin(): Feed {
  const feed = programs.program(1)?.begin(REQUEST) ?? null;
  if (feed === null) throw new Error('the program is closed');
  return feed;
}

function play(feed: Feed, frames: number): void {
  for (let count = 0; count < frames; count += 1) feed.frame(Uint8Array.of(0xf8, count), nowMs);
}

async function listening(count: number): Promise<void> {
  await expect.poll(() => gateway.counters().listening).toBe(count);
}

describe('the Ogg gateway', () => {
  it('answers with a stream without length and chunks, and goes on over broadcasts until the program is closed', async () => {
    const feed = begin();
    const answer = ask('/stream/music.ogg', { headers: { Range: 'bytes=0-', 'Icy-MetaData': '1' } });
    await listening(1);
    play(feed, 5);
    const message = await answer;
    expect(message.statusCode).toBe(200);
    expect(message.headers).toMatchObject({
      'content-type': 'audio/ogg',
      'accept-ranges': 'none',
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
      connection: 'close',
    });
    for (const name of ['transfer-encoding', 'content-length', 'content-range', 'icy-metaint'])
      expect(message.headers[name]).toBeUndefined();
    feed.end();
    play(begin(), 5);
    programs.setChannels([]);
    const text = await textOf(message);
    expect(text.match(/OggS/g)?.length).toBe(7);
    expect(text.match(/OpusTags/g)?.length).toBe(2);
    expect(gateway.counters()).toMatchObject({ requests: 1, listens: 1, revoked: 1, listening: 0 });
    expect(programs.visits).toBe(0);
  });

  it('serves a client of HTTP/1.0 the same bytes', async () => {
    const feed = begin();
    const socket = connect(port(), '127.0.0.1');
    socket.write('GET /stream/music HTTP/1.0\r\n\r\n');
    await listening(1);
    play(feed, 5);
    programs.setChannels([]);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const [head, body] = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).not.toMatch(/transfer-encoding/i);
    expect(body?.startsWith('OggS')).toBe(true);
  });

  it('gives every listener the very same pages', async () => {
    const feed = begin();
    const answers = [ask('/stream/music.ogg'), ask('/stream/1.ogg'), ask('/stream/Music')];
    await listening(3);
    play(feed, 20);
    const messages = await Promise.all(answers);
    programs.setChannels([]);
    const [one, ...others] = await Promise.all(messages.map(textOf));
    expect(one?.match(/OggS/g)?.length).toBe(6);
    for (const other of others) expect(other).toBe(one);
    expect(programs.program(1)).toBeNull();
  });

  it('answers HEAD at once, with the headers of the stream', async () => {
    const silent = await ask('/stream/music.ogg', { method: 'HEAD' });
    expect([silent.statusCode, silent.headers['retry-after']]).toEqual([503, '10']);
    begin();
    const message = await ask('/stream/music.ogg', { method: 'HEAD' });
    expect(message.statusCode).toBe(200);
    expect(message.headers['content-type']).toBe('audio/ogg');
    expect(message.headers['transfer-encoding']).toBeUndefined();
    expect(await textOf(message)).toBe('');
    expect(programs.visits).toBe(0);
  });

  it('holds a request while nothing is on, and says no when nothing begins', async () => {
    const answer = ask('/stream/music.ogg');
    await listening(1);
    nowMs = FIRST_SOUND_LIMIT_MS;
    const message = await answer;
    expect([message.statusCode, message.headers['retry-after']]).toEqual([503, '10']);
    expect(await textOf(message)).toMatch(/nothing to hear/);
    expect(gateway.counters()).toMatchObject({ nothingOn: 1, listening: 0 });
    expect(programs.visits).toBe(0);
  });

  it('lets in whoever shows the key, by address or as a password', async () => {
    const missing = await ask('/stream/closed.ogg');
    expect([missing.statusCode, missing.headers['www-authenticate']]).toEqual([
      401,
      'Basic realm="Sidetone", charset="UTF-8"',
    ]);
    expect((await ask('/stream/closed.m3u?key=wrong')).statusCode).toBe(401);
    const token = Buffer.from('listener:link-key').toString('base64');
    const byPassword = await ask('/stream/closed.m3u', { headers: { Authorization: `Basic ${token}` } });
    expect(byPassword.statusCode).toBe(200);
    const byKey = await ask('/stream/closed.m3u?key=link-key');
    expect(await textOf(byKey)).toContain(`http://127.0.0.1:${port()}/stream/closed.ogg?key=link-key`);
    expect((await ask('/stream/unknown.ogg')).statusCode).toBe(404);
    const { requests, playlists, proofMissing, proofWrong, unknownChannel } = gateway.counters();
    expect([requests, playlists, proofMissing, proofWrong, unknownChannel]).toEqual([5, 2, 1, 1, 1]);
  });

  it('tells who may ask from another site', async () => {
    const message = await ask('/stream/closed.ogg', { method: 'OPTIONS' });
    expect(message.statusCode).toBe(204);
    expect(message.headers['access-control-allow-headers']).toContain('Authorization');
    expect((await ask('/stream/closed.ogg', { method: 'DELETE' })).statusCode).toBe(404);
  });

  it('refuses listeners over the limit of the channel, and frees the place of one that goes', async () => {
    const feed = begin();
    const messages = Array.from({ length: 5 }, () => ask('/stream/music.ogg'));
    await listening(5);
    expect((await ask('/stream/music.ogg')).statusCode).toBe(503);
    play(feed, 5);
    (await messages[0])?.destroy();
    await listening(4);
    expect(gateway.counters()).toMatchObject({ away: 1, channelFull: 1 });
    const again = ask('/stream/music.ogg');
    await listening(5);
    expect((await again).statusCode).toBe(200);
  });

  it('waits for the next broadcast for five minutes, and ends the stream then', async () => {
    const feed = begin();
    const answer = ask('/stream/music.ogg');
    await listening(1);
    play(feed, 5);
    const message = await answer;
    feed.end();
    nowMs = 299_999;
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(gateway.counters()['listening']).toBe(1);
    nowMs = 300_000;
    // Headers, a page of sound and the end of the stream.
    expect((await textOf(message)).match(/OggS/g)?.length).toBe(4);
    expect(gateway.counters()).toMatchObject({ silent: 1, listening: 0 });
  });

  it('tells a listener who still waits that the channel is closed, and keeps count of everybody', async () => {
    const waiting = ask('/stream/closed.ogg?key=link-key');
    await listening(1);
    await ask('/stream/closed.ogg');
    await ask('/stream/music.ogg', { method: 'HEAD' });
    await ask('/stream/music.m3u');
    await ask('/stream/music', { method: 'OPTIONS' });
    const gone = ask('/stream/music.ogg');
    await listening(2);
    programs.setChannels([CHANNEL]);
    const message = await waiting;
    expect(message.statusCode).toBe(503);
    expect(await textOf(message)).toBe('You may not listen to this channel any longer.\n');
    await gateway.close();
    await expect(gone).rejects.toThrow();
    const { requests = 0, listens = 0, listening: left = 0, ...rest } = gateway.counters();
    const sumOf = (...names: string[]): number => names.reduce((sum, name) => sum + (rest[name] ?? 0), 0);
    expect([requests, listens, left]).toEqual([6, 2, 0]);
    const ends = ['nothingOn', 'silent', 'tooSlow', 'closed', 'revoked', 'defect', 'away'];
    expect(sumOf(...ends)).toBe(listens);
    const others = Object.keys(rest).filter((name) => !ends.includes(name));
    expect(listens + sumOf(...others)).toBe(requests);
  });

  it('does not answer a second request behind a stream', async () => {
    const feed = begin();
    const socket = connect(port(), '127.0.0.1');
    socket.write(
      'GET /stream/music HTTP/1.1\r\nHost: a\r\n\r\nGET /stream/music HTTP/1.1\r\nHost: a\r\n\r\n',
    );
    await expect.poll(() => gateway.counters().pipelined).toBe(1);
    play(feed, 5);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
    expect(programs.visits).toBe(1);
    socket.destroy();
    await listening(0);
  });

  it('ends a listener that takes nothing, while the others get everything', async () => {
    const feed = begin();
    const stalled = connect(port(), '127.0.0.1').pause();
    stalled.write('GET /stream/music HTTP/1.0\r\n\r\n');
    await listening(1);
    let bytes = 0;
    get({ port: port(), host: '127.0.0.1', path: '/stream/music' }, (message) => {
      message.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
    });
    await listening(2);
    const big = new Uint8Array(3_800).fill(0xf8);
    big[0] = 0xf8;
    const { pages } = programs.program(1) ?? {};
    for (let round = 0; gateway.counters().tooSlow === 0 && round < 3_000; round += 1) {
      nowMs += 100;
      for (let count = 0; count < 5; count += 1) feed.frame(big, nowMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(gateway.counters()).toMatchObject({ tooSlow: 1, listening: 1 });
    const sent = (pages?.counters.published ?? 0) - 2;
    await expect.poll(() => bytes).toBeGreaterThan(sent * 5 * 3_800);
    stalled.destroy();
  }, 20_000);

  it('hangs up on a player that keeps its half of the connection when its stream is over', async () => {
    const player = connect({ port: port(), host: '127.0.0.1', allowHalfOpen: true });
    player.on('error', () => undefined);
    const path = '/stream/music.ogg';
    player.write(`GET ${path} HTTP/1.1\r\nHost: relay.invalid\r\n\r\n`);
    play(begin(), 100);
    await once(player, 'data');
    player.resume();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const open = (): Promise<number> =>
      new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
    try {
      programs.setChannels([]);
      await once(player, 'end');
      expect(await open()).toBe(1);
      vi.advanceTimersByTime(2_000);
      await expect.poll(open).toBe(0);
    } finally {
      vi.useRealTimers();
      player.destroy();
    }
    expect(gateway.counters().listening).toBe(0);
  });
});
