import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_FAULTS } from '../../../core/framing/fault-count.ts';
import { readWhoTalkieFrame, writeWhoTalkieFrame } from '../../../core/framing/whotalkie-frame.ts';
import type { Feed } from '../../../core/program/program.ts';
import { LINK_KEY, someChannel, WebSocketRig } from '../front/web-socket-rig.ts';
import { HELLO_LIMIT_MS } from './listener.ts';
import { WebSocketGateway } from './websocket-gateway.ts';

/** CELT, mono, 20 ms (RFC 6716, section 3.1). */
const TOC = 0xf8;

const packet = (fill: number, length = 60): Uint8Array => new Uint8Array(length).fill(fill).fill(TOC, 0, 1);

let rig: WebSocketRig;

beforeEach(async () => {
  rig = new WebSocketRig((parts) => new WebSocketGateway(parts));
  await rig.listen();
});

afterEach(() => rig.close());

function begin(): Feed {
  const request = {
    kind: 'publisher',
    source: 'Radio',
    channels: 2,
    bitrate: 64_000,
    preSkipSamples: 0,
    container: null,
  } as const;
  const feed = rig.program().begin(request);
  if (feed === null) throw new Error('something else is on');
  return feed;
}

function talkMessage(fill: number): Uint8Array {
  const payload = packet(fill);
  const bytes = new Uint8Array(15 + payload.length);
  writeWhoTalkieFrame(bytes, 0, { sequence: 0, position: 0, samples: 960, channels: 1, payload, atMs: 0 });
  return bytes;
}

describe('a listener', () => {
  test('is welcomed, told what is on, and gets the newest frames at once and then each as it comes', async () => {
    rig.programs.setChannels([someChannel()]);
    const feed = begin();
    feed.tags([['title', 'First']]);
    for (let i = 0; i < 20; i += 1) feed.frame(packet(i), rig.nowMs());
    const client = await rig.connect('/ws');
    await vi.waitFor(() => expect(client.messages).toHaveLength(6));
    for (let i = 20; i < 23; i += 1) feed.frame(packet(i, i === 21 ? 1_000 : 60), rig.nowMs());
    feed.tags([['title', 'Second']]);
    feed.end();
    await vi.waitFor(() => expect(client.texts).toHaveLength(5));
    expect(client.said).toMatchObject([
      { type: 'welcome', accepted: true, channel: 'music', delivery: 'opus-raw', talk: false },
      { type: 'meta', source: 'Radio', tags: { title: 'First' }, timestamp_us: 400_000 },
      { type: 'publisher', action: 'start' },
      { type: 'meta', tags: { title: 'Second' }, timestamp_us: 460_000 },
      { type: 'publisher', action: 'stop' },
    ]);
    const frames = client.messages.map((message) => readWhoTalkieFrame(message));
    expect(frames.map((read) => read.ok && read.frame.sequence)).toEqual([
      14, 15, 16, 17, 18, 19, 20, 21, 22,
    ]);
    expect(frames.map((read) => read.ok && Buffer.from(read.frame.payload))).toEqual(
      [14, 15, 16, 17, 18, 19, 20, 21, 22].map((i) => Buffer.from(packet(i, i === 21 ? 1_000 : 60))),
    );
    expect(frames.map((read) => read.ok && read.frame.timestampUs)).toEqual(
      [14, 15, 16, 17, 18, 19, 20, 21, 22].map((i) => i * 20_000),
    );
  });

  test('gets what comes in one turn whole and in order, with what is told in between', async () => {
    rig.programs.setChannels([someChannel()]);
    const feed = begin();
    const client = await rig.connect('/ws');
    await vi.waitFor(() => expect(rig.program().frames.size).toBe(1));
    // More than is held back in a turn.
    for (let i = 0; i < 100; i += 1) feed.frame(packet(i, 400), rig.nowMs());
    feed.tags([['title', 'In between']]);
    for (let i = 100; i < 200; i += 1) feed.frame(packet(i, 400), rig.nowMs());
    await vi.waitFor(() => expect(client.messages).toHaveLength(200));
    expect(client.messages.map((message) => message.at(-1))).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    );
    await vi.waitFor(() =>
      expect(client.said.at(-1)).toMatchObject({ type: 'meta', timestamp_us: 2_000_000 }),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    feed.frame(packet(200), rig.nowMs());
    await vi.waitFor(() => expect(client.messages).toHaveLength(201));
  });

  test('hears nothing of long ago: a mix rests while nobody listens', async () => {
    rig.programs.setChannels([someChannel()]);
    const feed = begin();
    feed.frame(packet(0), rig.nowMs() - 60_000);
    feed.frame(packet(1), rig.nowMs());
    const client = await rig.connect('/ws');
    await vi.waitFor(() => expect(client.messages).toHaveLength(1));
    expect(client.messages[0]?.at(-1)).toBe(1);
  });

  test('who fetches Ogg over HTTP is told where, and gets no frames', async () => {
    rig.programs.setChannels([someChannel()]);
    const feed = begin();
    const client = await rig.connect('/ws', { type: 'hello', supports: ['ogg-http'] });
    await vi.waitFor(() => expect(client.texts).toHaveLength(3));
    feed.frame(packet(0), rig.nowMs());
    feed.tags([['title', 'x']]);
    await vi.waitFor(() => expect(client.texts).toHaveLength(4));
    expect(client.said[0]).toMatchObject({ delivery: 'ogg-http', stream: '/stream/music.ogg' });
    expect(client.messages).toEqual([]);
  });

  test.each([
    ['/ws?channel=nowhere', { type: 'hello' }, 'unknownChannel', 4_404],
    ['/ws/secret', { type: 'hello' }, 'proofMissing', 4_401],
    ['/ws/secret?key=wrong', { type: 'hello' }, 'proofWrong', 4_401],
    ['/ws/music', { type: 'hello', supports: ['mp3'] }, 'nothingInCommon', 4_406],
    ['/ws/music', { type: 'hello', clientType: 'streamer' }, 'publishedElsewhere', 4_403],
    ['/ws/music', { type: 'hallo' }, 'helloMalformed', 4_400],
  ])('%s %j is refused: %s', async (path, hello, code, closeCode) => {
    rig.programs.setChannels([
      someChannel(),
      someChannel({ id: 2, name: 'Secret', slug: 'secret', access: 'link' }),
    ]);
    const client = await rig.connect(path, hello);
    await vi.waitFor(() => expect(client.closed).not.toBeNull());
    expect(client.said).toMatchObject([{ type: 'welcome', accepted: false, code }]);
    expect(client.said[0]?.['error']).toMatch(/\.$/);
    expect(client.closed?.code).toBe(closeCode);
    expect(rig.counters()).toMatchObject({ [code]: 1, accepted: 0 });
    expect(rig.programs.visits).toBe(0);
  });

  test.each([
    ['/ws?key=link-key', { type: 'hello' }],
    ['/ws/music', { type: 'hello', key: LINK_KEY }],
    ['/ws/music', { type: 'hello', password: LINK_KEY }],
  ])('is let in by %s %j', async (path, hello) => {
    rig.programs.setChannels([someChannel({ access: 'link' })]);
    const client = await rig.connect(path, hello);
    await vi.waitFor(() => expect(client.said).toMatchObject([{ accepted: true }]));
    client.socket.close();
    await vi.waitFor(() => expect(rig.programs.visits).toBe(0));
  });

  test('must say hello in time', async () => {
    rig.programs.setChannels([someChannel()]);
    const client = await rig.connect('/ws', null);
    rig.skippedMs = HELLO_LIMIT_MS;
    await vi.waitFor(() => expect(client.closed?.code).toBe(4_408), { timeout: 3_000 });
    expect(client.said).toMatchObject([{ accepted: false, code: 'helloMissing' }]);
  });

  test('is put out when the channel closes to it', async () => {
    rig.programs.setChannels([someChannel()]);
    const client = await rig.connect('/ws');
    await vi.waitFor(() => expect(client.texts).toHaveLength(1));
    rig.programs.setChannels([someChannel({ access: 'link' })]);
    await vi.waitFor(() => expect(client.closed?.code).toBe(4_410));
    expect(rig.programs.visits).toBe(0);
    expect(rig.program().listeners).toBe(0);
  });

  test('is borne with some nonsense, but not with a flood', async () => {
    rig.programs.setChannels([someChannel()]);
    const client = await rig.connect('/ws');
    for (let i = 0; i < MAX_FAULTS; i += 1)
      client.socket.send(i % 2 === 0 ? '{"type":"later"}' : Buffer.alloc(3));
    await vi.waitFor(() => expect(rig.counters()).toMatchObject({ textsIgnored: 32, framesUnasked: 32 }));
    expect(client.closed).toBeNull();
    for (let i = 0; i < 3; i += 1) client.socket.send('x');
    await vi.waitFor(() => expect(client.closed?.code).toBe(4_400));
    expect(rig.counters()).toMatchObject({ cutForFaults: 1 });
  });

  test('that takes nothing loses frames and then its place; another loses none', async () => {
    rig.programs.setChannels([someChannel()]);
    const feed = begin();
    const [healthy, stalled] = [await rig.connect('/ws'), await rig.connect('/ws')];
    await vi.waitFor(() => expect(rig.program().frames.size).toBe(2));
    stalled.socket.pause();
    let sent = 0;
    await vi.waitFor(
      () => {
        for (let i = 0; i < 200; i += 1) feed.frame(packet(sent++ & 255, 3_828), rig.nowMs());
        expect(rig.counters()).toMatchObject({ cutTooSlow: 1 });
      },
      { timeout: 10_000, interval: 20 },
    );
    await vi.waitFor(() => expect(healthy.messages).toHaveLength(sent), { timeout: 5_000 });
    expect(rig.program().frames.size).toBe(1);
    expect(rig.programs.visits).toBe(1);
  }, 20_000);
});

describe('a listener with a key to talk', () => {
  const talks = { source: 'conversation', talk: true } as const;

  test('is heard, and a pause ends it', async () => {
    rig.programs.setChannels([someChannel(talks)]);
    const client = await rig.connect('/ws', { type: 'hello', ptt: true });
    await vi.waitFor(() => expect(client.said).toMatchObject([{ talk: true }]));
    for (let i = 0; i < 3; i += 1) client.socket.send(talkMessage(i));
    await vi.waitFor(() => expect(rig.spoken).toEqual([packet(0), packet(1), packet(2)]));
    await vi.waitFor(() => expect(rig.pauses).toBe(1));
    expect(rig.counters()).toMatchObject({ framesSpoken: 3 });
  });

  test('is told once that somebody else talks', async () => {
    rig.programs.setChannels([someChannel(talks)]);
    rig.floorFree = false;
    const client = await rig.connect('/ws', { type: 'hello', ptt: true });
    for (let i = 0; i < 3; i += 1) client.socket.send(talkMessage(i));
    await vi.waitFor(() => expect(rig.counters()).toMatchObject({ framesUnheard: 3 }));
    expect(client.said.slice(1)).toMatchObject([{ type: 'error', code: 'floorTaken' }]);
  });

  test.each([
    [{ source: 'conversation', talk: false } as const, { type: 'hello', ptt: true }],
    [{ source: 'publisher', talk: true } as const, { type: 'hello', ptt: true }],
    [talks, { type: 'hello' }],
  ])('%j %j may not', async (changes, hello) => {
    rig.programs.setChannels([someChannel(changes)]);
    const client = await rig.connect('/ws', hello);
    client.socket.send(talkMessage(0));
    await vi.waitFor(() => expect(rig.counters()).toMatchObject({ framesUnasked: 1 }));
    expect(rig.spoken).toEqual([]);
  });

  test('lets go of the key by going', async () => {
    rig.programs.setChannels([someChannel(talks)]);
    const client = await rig.connect('/ws', { type: 'hello', ptt: true });
    client.socket.send(talkMessage(0));
    await vi.waitFor(() => expect(rig.spoken).toHaveLength(1));
    client.socket.terminate();
    await vi.waitFor(() => expect(rig.pauses).toBe(1));
  });

  test('is cut where what it says meets a defect, and nobody else is', async () => {
    rig.programs.setChannels([someChannel(talks)]);
    const [unlucky, other] = [
      await rig.connect('/ws', { type: 'hello', ptt: true }),
      await rig.connect('/ws', { type: 'hello', ptt: true }),
    ];
    await vi.waitFor(() => expect(rig.counters()['accepted']).toBe(2));
    Object.defineProperty(rig, 'floorFree', {
      configurable: true,
      get: () => {
        throw new Error('a defect');
      },
    });
    unlucky.socket.send(talkMessage(0));
    await vi.waitFor(() => expect(unlucky.closed).not.toBeNull());
    Object.defineProperty(rig, 'floorFree', { value: true });
    other.socket.send(talkMessage(1));
    await vi.waitFor(() => expect(rig.spoken.length).toBe(1));
    expect(rig.counters()).toMatchObject({ defects: 1, open: 1 });
    expect(rig.programs.visits).toBe(1);
  });
});
