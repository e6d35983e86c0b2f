import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { concat, headers, soundPage } from '../../../core/ogg/ogg-rig.ts';
import type { Tags } from '../../../core/program/broadcast.ts';
import { channelOf, TEST_LIMITS } from '../../../core/program/program-rig.ts';
import { Programs } from '../../../core/program/programs.ts';
import { WebFront } from '../front/web-front.ts';
import type { Gateway } from '../gateway.ts';
import { createPublishGateway } from './publish-gateway.ts';

const KEY = 'publish-key';
const BASIC = `Basic ${Buffer.from(`source:${KEY}`).toString('base64')}`;
const STREAM = concat([...headers(1, 'A'), soundPage(1, 2, 4_800, 5)]);

let programs: Programs;
let gateway: Gateway;
let server: Server;
let said: string[];
const sockets: Socket[] = [];

beforeEach(async () => {
  programs = new Programs({
    limits: TEST_LIMITS,
    secretsInTheClear: false,
    equalSecrets: (one, other) => one === other,
    fitsPassword: () => false,
  });
  programs.setChannels([
    channelOf(),
    channelOf({ id: 2, name: 'Talk', slug: 'talk', source: 'conversation' }),
  ]);
  said = [];
  const frames = (): number => programs.program(1)?.counters.frames ?? 0;
  programs.program(1)?.watch({
    handleBegin: ({ source, bitrate }) => said.push(`begin ${source} ${bitrate}`),
    handleTags: (tags: Tags) => said.push(tags.map((tag) => tag.join('=')).join(';')),
    handleEnd: () => said.push(`end after ${frames()}`),
  });
  gateway = createPublishGateway({
    programs,
    talk: { speak: () => false, pause: () => undefined },
    // Time stands: what is sent is heard at once, within what a source may be ahead.
    nowMs: () => 0,
  });
  const front = new WebFront([gateway]);
  server = createServer((socket) => {
    front.handleConnection(socket, { address: '192.0.2.1', secure: false, private: true });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  // Whatever happened: each request became one thing, and each publisher ended in one way.
  const count = gateway.counters();
  const sum = (names: readonly string[]): number => names.reduce((all, name) => all + (count[name] ?? 0), 0);
  expect(count.requests).toBe(
    sum([
      'published',
      'wrongType',
      'unknownChannel',
      'proofMissing',
      'proofWrong',
      'notOffered',
      'publisherBusy',
    ]),
  );
  const ends = ['finished', 'aborted', 'revoked', 'stopped', 'defect', 'noOpus', 'noOgg', 'publisherLate'];
  expect(count.published).toBe(sum(['publishing', ...ends]));
  await gateway.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

const port = (): number => (server.address() as AddressInfo).port;

/** @returns status and body */
function send(
  path: string,
  options: { method?: string; body?: Uint8Array; headers?: Record<string, string> } = {},
): Promise<{ status: number; message: string; body: string }> {
  const { method = 'PUT', body, headers: more = {} } = options;
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: port(),
        path,
        method,
        headers: { Authorization: BASIC, ...more },
        agent: false,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            message: response.statusMessage ?? '',
            body: Buffer.concat(parts).toString(),
          }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

/** A source client that just sends. @returns what it was told so far, by a function */
async function source(head: string): Promise<{ socket: Socket; told: () => string }> {
  const socket = connect(port(), '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.on('data', (part) => {
    text += part.toString('latin1');
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(head);
  return { socket, told: () => text };
}

const SOURCE_HEAD = `SOURCE /music.ogg ICE/1.0\r\nAuthorization: ${BASIC}\r\nice-name: Caf\xc3\xa9\r\nice-bitrate: 64\r\n\r\n`;

describe('the publishing gateway', () => {
  it('takes a PUT with a length, in chunks, and a POST', async () => {
    expect(await send('/publish/music', { body: STREAM })).toMatchObject({ status: 200 });
    expect(
      await send('/publish/music', { body: STREAM, headers: { 'Transfer-Encoding': 'chunked' } }),
    ).toMatchObject({
      status: 200,
    });
    expect(
      await send(`/publish/Music?key=${KEY}`, {
        method: 'POST',
        body: STREAM,
        headers: { Authorization: '' },
      }),
    ).toMatchObject({ status: 200 });
    expect(said).toEqual(
      [5, 10, 15].flatMap((frames) => ['begin Publisher null', 'title=A', `end after ${frames}`]),
    );
  });

  it('takes SOURCE at once, and what it says of itself', async () => {
    const { socket, told } = await source(Buffer.from(SOURCE_HEAD, 'latin1').toString('latin1'));
    await vi.waitFor(() => expect(told()).toBe('HTTP/1.0 200 OK\r\n\r\n'));
    socket.write(STREAM);
    await vi.waitFor(() => expect(said).toHaveLength(2));
    expect(said[1]).toBe('title=A');
    expect(said[0]).toMatch(/^begin Caf.+ 64000$/);
    socket.end();
    await vi.waitFor(() => expect(said[2]).toBe('end after 5'));
    expect(gateway.counters()['stream.packets']).toBe(5);
  });

  it('lets a PUT without length go ahead that asks whether it may, and answers it in the end', async () => {
    const head = `PUT /music HTTP/1.1\r\nExpect: 100-continue\r\nAuthorization: ${BASIC}\r\n\r\n`;
    const { socket, told } = await source(head);
    await vi.waitFor(() => expect(told()).toBe('HTTP/1.1 100 Continue\r\n\r\n'));
    socket.write(new Uint8Array(200_000));
    await vi.waitFor(() => expect(told()).toContain('HTTP/1.0 415 Unsupported Media Type'));
    expect(told()).toContain('That is no Ogg stream.');
    expect(said).toEqual([]);
  });

  it('refuses in words before anything is sent', async () => {
    const head = 'SOURCE /music HTTP/1.0\r\nExpect: 100-continue\r\n\r\n';
    const { told } = await source(head);
    await vi.waitFor(() => expect(told()).toContain('WWW-Authenticate: Basic realm="Sidetone"'));
    expect(told()).toMatch(/^HTTP\/1\.0 401 Unauthorized\r\n/);
    expect(await send('/publish/music', { headers: { Authorization: 'Basic eDp5' } })).toMatchObject({
      status: 401,
    });
    expect(await send('/publish/nobody', { body: STREAM })).toMatchObject({ status: 404 });
    expect(await send('/publish/talk', { body: STREAM })).toMatchObject({ status: 403 });
    expect(
      await send('/publish/music', { body: STREAM, headers: { 'Content-Type': 'image/png' } }),
    ).toMatchObject({
      status: 415,
    });
    expect(await send('/a/b', { body: STREAM })).toMatchObject({ status: 404 });
    expect(said).toEqual([]);
  });

  it('lets one publish at a time, and tells others by the words they know', async () => {
    const { socket } = await source(SOURCE_HEAD);
    socket.write(STREAM);
    await vi.waitFor(() => expect(said).toHaveLength(2));
    expect(await send('/publish/music', { body: STREAM })).toMatchObject({ status: 409 });
    expect(await send('/music', { body: STREAM, headers: { 'ice-public': '0' } })).toMatchObject({
      status: 403,
      message: 'Mountpoint in use',
    });
    expect(said).toHaveLength(2);
    socket.destroy();
    await vi.waitFor(() => expect(said[2]).toBe('end after 5'));
    expect(await send('/publish/music', { body: STREAM })).toMatchObject({ status: 200 });
  });

  it('takes songs beside the stream from whoever may publish', async () => {
    const path = '/admin/metadata?mode=updinfo&mount=/music&song=B';
    const get = { method: 'GET' };
    expect(await send(path, get)).toMatchObject({ status: 404 });
    const { socket } = await source(SOURCE_HEAD);
    socket.write(STREAM);
    await vi.waitFor(() => expect(said).toHaveLength(2));
    expect((await send(path, get)).body).toContain('<return>1</return>');
    expect(said[2]).toBe('title=B');
    expect(await send(path, { ...get, headers: { Authorization: '' } })).toMatchObject({ status: 401 });
    expect(await send('/admin/metadata?mode=updinfo&mount=/music', get)).toMatchObject({ status: 400 });
    expect(await send('/admin/metadata?mode=updinfo&mount=/nobody&song=x', get)).toMatchObject({
      status: 404,
    });
    expect(gateway.counters()).toMatchObject({ songs: 1, songsRefused: 4 });
  });

  it('ends a publisher whose channel is closed to it, and all when it is stopped', async () => {
    const { socket } = await source(SOURCE_HEAD);
    socket.write(STREAM);
    await vi.waitFor(() => expect(said).toHaveLength(2));
    programs.setChannels([channelOf({ publishKey: 'another' })]);
    expect(said[2]).toBe('end after 5');
    await once(socket, 'close');
    expect(gateway.counters()).toMatchObject({ revoked: 1, publishing: 0 });
    const next = await source(
      SOURCE_HEAD.replace(BASIC, `Basic ${Buffer.from('x:another').toString('base64')}`),
    );
    next.socket.write(STREAM);
    await vi.waitFor(() => expect(said).toHaveLength(5));
    await gateway.close();
    expect(said[5]).toBe('end after 10');
    expect(programs.visits).toBe(0);
  });

  it('tells source clients what it understands', async () => {
    expect(await send('/admin/!POKE', { method: 'GET' })).toMatchObject({ status: 200 });
    expect(
      await send('*', {
        method: 'OPTIONS',
        headers: { Connection: 'Upgrade', Upgrade: 'TLS/1.0, HTTP/1.1' },
      }),
    ).toMatchObject({ status: 200 });
  });

  it('ends a publisher whose stream meets a defect, and takes the next', async () => {
    const unwatch = programs.program(1)?.watch({
      handleFrame: () => {
        throw new Error('a defect');
      },
    });
    expect(await send('/publish/music', { body: STREAM })).toMatchObject({ status: 500 });
    unwatch?.();
    expect(await send('/publish/music', { body: STREAM })).toMatchObject({ status: 200 });
    expect(gateway.counters()).toMatchObject({ defect: 1, finished: 1, publishing: 0 });
    expect(programs.visits).toBe(0);
  });

  it('takes no password that a browser adds for a page from elsewhere', async () => {
    const elsewhere = { headers: { Origin: 'https://elsewhere.example' } };
    expect(await send('/publish/music', { method: 'POST', body: STREAM, ...elsewhere })).toMatchObject({
      status: 401,
    });
    const song = '/admin/metadata?mode=updinfo&mount=/music&song=x';
    const picture = { method: 'GET', headers: { 'Sec-Fetch-Site': 'cross-site' } };
    expect(await send(song, picture)).toMatchObject({ status: 401 });
  });
});
