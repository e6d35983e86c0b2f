import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Feed } from '../../../core/program/program.ts';
import { PING_INTERVAL_MS } from '../front/web-socket-line.ts';
import { someChannel, WebSocketRig } from '../front/web-socket-rig.ts';
import { AudioSocketGateway } from './audio-socket-gateway.ts';

/** CELT, mono, 20 ms (RFC 6716, section 3.1). */
const TOC = 0xf8;

let rig: WebSocketRig;

beforeEach(async () => {
  rig = new WebSocketRig((parts) => new AudioSocketGateway(parts));
  await rig.listen();
  rig.programs.setChannels([someChannel()]);
});

afterEach(() => rig.close());

function begin(): Feed {
  const request = {
    kind: 'mix',
    source: 'Music',
    channels: 1,
    bitrate: null,
    preSkipSamples: 0,
    container: null,
  } as const;
  const feed = rig.program().begin(request);
  if (feed === null) throw new Error('something else is on');
  return feed;
}

test('while nothing is on, says so in the bytes that others expect, and closes', async () => {
  const client = await rig.connect('/api/ws/audio', null);
  await vi.waitFor(() => expect(client.closed).toEqual({ code: 1_005, reason: '' }));
  expect(client.texts).toEqual(['{"error": "Audio not streaming"}']);
  expect(rig.programs.visits).toBe(0);
});

test('sends packets whose time begins with the listener, and a goodbye at the end', async () => {
  const feed = begin();
  for (let i = 0; i < 50; i += 1) feed.frame(new Uint8Array([TOC, i]), rig.nowMs());
  const client = await rig.connect('/api/ws/audio?channel=music', null);
  await vi.waitFor(() => expect(client.messages).toHaveLength(6));
  feed.frame(new Uint8Array([TOC, 50]), rig.nowMs());
  feed.end();
  await vi.waitFor(() => expect(client.closed).toEqual({ code: 1_005, reason: '' }));
  const hex = client.messages.map((message) => message.toString('hex'));
  expect(hex[0]).toBe(`02${'00000000'}1400${'2c000000'}02000000f82c`);
  expect(hex[1]).toBe(`02${'14000000'}1400${'2d000000'}02000000f82d`);
  expect(hex[6]).toBe(`02${'78000000'}1400${'32000000'}02000000f832`);
});

test('passes over what clients say, answers pings, and asks whether they are there', async () => {
  begin();
  const client = await rig.connect('/api/ws/audio', null);
  client.socket.send('{"type":"anything"}');
  client.socket.send(Buffer.alloc(10));
  await vi.waitFor(() => expect(rig.counters()).toMatchObject({ messagesIgnored: 2 }));
  const pong = new Promise<string>((resolve) =>
    client.socket.once('pong', (data) => resolve(data.toString())),
  );
  client.socket.ping('are you there');
  expect(await pong).toBe('are you there');
  rig.skippedMs = PING_INTERVAL_MS;
  await vi.waitFor(() => expect(client.pings).toBe(1), { timeout: 3_000 });
  expect(client.closed).toBeNull();
});

test('ends a peer that does not answer', async () => {
  begin();
  const client = await rig.connect('/api/ws/audio', null);
  client.socket.pause();
  rig.skippedMs = PING_INTERVAL_MS;
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  rig.skippedMs = 2 * PING_INTERVAL_MS;
  await vi.waitFor(() => expect(rig.programs.visits).toBe(0), { timeout: 3_000 });
});

test.each([
  ['?channel=nowhere', 404],
  ['?channel=secret', 401],
  ['?channel=secret&key=wrong', 401],
])('refuses %s with an HTTP status', async (query, status) => {
  rig.programs.setChannels([
    someChannel({ slug: 'secret', access: 'link' }),
    someChannel({ id: 2, access: 'link' }),
  ]);
  await expect(rig.connect(`/api/ws/audio${query}`, null)).rejects.toThrow(
    `Unexpected server response: ${status}`,
  );
  expect(rig.programs.visits).toBe(0);
});
