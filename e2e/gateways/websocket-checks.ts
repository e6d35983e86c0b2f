import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../bench/report.ts';
import { Child, PATIENCE_MS, waitFor } from '../rig/child.ts';
import type { Check, Scene } from './check.ts';
import { countEqual } from './ogg-packets.ts';
import { makeMaterial } from './ogg-stage.ts';
import {
  conversationChannel,
  LINK_KEY,
  PUBLISH_KEY,
  publisherChannel,
  type Standalone,
} from './standalone.ts';
import { encodeSpeech, speakAgain } from './webrtc-sound.ts';
import { stalledListener, WebSocketClient } from './websocket-client.ts';

const HEADER_BYTES = 15;
const FRAME_US = 20_000;
const FRAME_MS = 20;

/** Frames that are compared: four seconds. */
const COMPARED_FRAMES = 200;

const HELLO = { type: 'hello', clientType: 'web', supports: ['webcodecs', 'ogg-http', 'opus-raw'] };

const TITLES = ['The first title', 'The second title'] as const;

function expectSame(what: string, found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected))
    throw new Error(`${what} is ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
}

function webAddress(gateways: Standalone, path: string): string {
  return `ws://127.0.0.1:${gateways.webPort}${path}`;
}

/** ffmpeg publishes a file over and over under a title. */
async function publish(scene: Scene, gateways: Standalone, path: string, title: string): Promise<Child> {
  const url = `http://source:${PUBLISH_KEY}@127.0.0.1:${gateways.webPort}/publish/music`;
  const input = ['-re', '-stream_loop', '-1', '-i', path, '-c', 'copy'];
  const tags = ['-metadata', `title=${title}`, '-metadata', 'artist=The Checks'];
  const output = ['-f', 'ogg', '-method', 'PUT', '-content_type', 'audio/ogg', url];
  const child = await Child.start('ffmpeg', ['-v', 'error', ...input, ...tags, ...output]);
  scene.defer(() => child.stop());
  return child;
}

/** Sequence and time without a hole, the length right, and the packets themselves. @throws Error */
function packetsOfFrames(frames: readonly Buffer[]): Buffer[] {
  return frames.map((frame, index) => {
    const before = frames[index - 1] ?? null;
    if (before !== null) {
      expectSame('the next sequence', frame.readUInt32BE(0), before.readUInt32BE(0) + 1);
      const step = frame.readBigUInt64BE(4) - before.readBigUInt64BE(4);
      expectSame('the next time', Number(step), FRAME_US);
    }
    expectSame('the number of channels', frame.readUInt8(12), 1);
    expectSame('the length', frame.readUInt16BE(13), frame.length - HEADER_BYTES);
    return frame.subarray(HEADER_BYTES);
  });
}

/** The same for the other framing. @throws Error */
function packetsOfAudio(messages: readonly Buffer[]): Buffer[] {
  return messages.map((message, index) => {
    expectSame('the type', message.readUInt8(0), 2);
    expectSame('the time', message.readUInt32LE(1), index * FRAME_MS);
    expectSame('the duration', message.readUInt16LE(5), FRAME_MS);
    expectSame('the sequence', message.readUInt32LE(7), (messages[0]?.readUInt32LE(7) ?? 0) + index);
    expectSame('the length', message.readUInt32LE(11), message.length - HEADER_BYTES);
    return message.subarray(HEADER_BYTES);
  });
}

const bytes: Check = {
  name: 'websocket: every packet that ffmpeg publishes, byte for byte in both framings, with its titles',
  needs: ['ffmpeg', 'espeak-ng'],
  run: async (scene): Promise<Row> => {
    const { path, packets } = await makeMaterial(scene);
    const gateways = await scene.gateways({ channels: [publisherChannel()] });
    const early = await WebSocketClient.open(webAddress(gateways, '/ws?channel=music'), HELLO);
    expectSame('the welcome', (await early.text('welcome'))['accepted'], true);
    const publisher = await publish(scene, gateways, path, TITLES[0]);
    const meta = await early.text('meta', ({ tags }) => (tags as { title?: string }).title === TITLES[0]);
    expectSame('the artist', (meta['tags'] as { artist?: string }).artist, 'The Checks');
    await early.frames(100);
    const startMs = performance.now();
    const late = await WebSocketClient.open(webAddress(gateways, '/ws/music'), {
      ...HELLO,
      preferred: 'opus-raw',
    });
    await late.frames(5);
    const firstFramesMs = Math.round(performance.now() - startMs);
    const audio = await WebSocketClient.open(webAddress(gateways, '/api/ws/audio?channel=music'), null);
    const row = {
      framesEqual: countEqual(packetsOfFrames(await early.frames(COMPARED_FRAMES)), packets),
      lateFramesEqual: countEqual(packetsOfFrames(await late.frames(COMPARED_FRAMES)), packets),
      audioPacketsEqual: countEqual(packetsOfAudio(await audio.frames(COMPARED_FRAMES)), packets),
      firstFramesMs,
    };
    await publisher.stop();
    await early.text('publisher', ({ action }) => action === 'stop');
    expectSame('the goodbye of the audio framing', (await audio.end()).code, 1_005);
    await publish(scene, gateways, path, TITLES[1]);
    await early.text('meta', ({ tags }) => (tags as { title?: string }).title === TITLES[1]);
    const actions = early.texts.filter(({ type }) => type === 'publisher').map(({ action }) => action);
    expectSame('what became of the publisher', actions, ['start', 'stop', 'start']);
    return row;
  },
};

/** What curl gets, until the relay hangs up. */
async function upgradeByCurl(url: string, fields: readonly string[]): Promise<Buffer> {
  const headers = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', ...fields];
  const args = [
    '-s',
    '-i',
    '-N',
    '--http1.1',
    '--max-time',
    '8',
    ...headers.flatMap((field) => ['-H', field]),
    url,
  ];
  const child = await Child.start('curl', args, { pipeStdout: true });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  await Promise.all([child.ended, child.stdout === null ? null : once(child.stdout, 'close')]);
  return Buffer.concat(chunks);
}

const handshake: Check = {
  name: 'websocket: curl sees the handshake and the bytes of RFC 6455',
  needs: ['curl'],
  run: async (scene): Promise<Row> => {
    const gateways = await scene.gateways({ channels: [publisherChannel()] });
    const url = `http://127.0.0.1:${gateways.webPort}/api/ws/audio`;
    // Key and answer of the example in RFC 6455, section 1.3.
    const got = await upgradeByCurl(url, [
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Extensions: permessage-deflate',
      'Origin: https://elsewhere.example',
    ]);
    const end = got.indexOf('\r\n\r\n');
    const head = got.toString('latin1', 0, end);
    for (const line of ['HTTP/1.1 101', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='])
      if (!head.includes(line)) throw new Error(`"${line}" is missing in: ${head}`);
    if (/extensions/i.test(head)) throw new Error('frames would be compressed');
    expectSame(
      'what follows',
      got.toString('hex', end + 4),
      `8120${Buffer.from('{"error": "Audio not streaming"}').toString('hex')}8800`,
    );
    return { bytes: got.length };
  },
};

const refusals: Check = {
  name: 'websocket: says in a sentence and a code why somebody is not let in',
  needs: [],
  run: async (scene): Promise<Row> => {
    const gateways = await scene.gateways({
      channels: [
        publisherChannel(),
        publisherChannel({ id: 2, name: 'Secret', slug: 'secret', access: 'link' }),
      ],
    });
    const cases: readonly (readonly [string, object, string, number])[] = [
      ['/ws?channel=nowhere', HELLO, 'unknownChannel', 4_404],
      ['/ws/secret', HELLO, 'proofMissing', 4_401],
      ['/ws/secret?key=wrong', HELLO, 'proofWrong', 4_401],
      ['/ws/music', { type: 'hello', supports: ['mp3'] }, 'nothingInCommon', 4_406],
      ['/ws/music', { type: 'hallo' }, 'helloMalformed', 4_400],
    ];
    for (const [path, hello, code, closeCode] of cases) {
      const client = await WebSocketClient.open(webAddress(gateways, path), hello);
      const welcome = await client.text('welcome');
      expectSame(`the answer to ${path}`, [welcome['accepted'], welcome['code']], [false, code]);
      if (!/\w.+\.$/.test(String(welcome['error']))) throw new Error(`${code} is told without a sentence`);
      expectSame(`the close code of ${path}`, (await client.end()).code, closeCode);
    }
    for (const hello of [HELLO, { ...HELLO, key: LINK_KEY }]) {
      const path = 'key' in hello ? '/ws/secret' : `/ws/secret?key=${LINK_KEY}`;
      const client = await WebSocketClient.open(webAddress(gateways, path), hello);
      expectSame('who shows the key', (await client.text('welcome'))['accepted'], true);
      client.close();
    }
    const ogg = await WebSocketClient.open(webAddress(gateways, '/ws/music'), {
      ...HELLO,
      preferred: 'ogg-http',
    });
    expectSame('where the Ogg is', (await ogg.text('welcome'))['stream'], '/stream/music.ogg');
    return { refusals: cases.length };
  },
};

const HEALTHY = 10;
const STALLED = 3;

/** Large frames, several at a time: what lies in the system's buffers must be filled first. */
const LARGE_PACKET = new Uint8Array(3_800).fill(0xf8, 0, 1);
const LARGE_PER_TICK = 8;

const stalls: Check = {
  name: 'websocket: who takes nothing is ended, and nobody else loses a frame',
  needs: [],
  run: async (scene): Promise<Row> => {
    const gateways = await scene.gateways({ channels: [conversationChannel()] });
    gateways.stand(2, 64_000);
    const healthy: WebSocketClient[] = [];
    for (let i = 0; i < HEALTHY; i += 1)
      healthy.push(await WebSocketClient.open(webAddress(gateways, '/ws/talk'), HELLO));
    await Promise.all(healthy.map((client) => client.text('publisher')));
    for (let i = 0; i < STALLED; i += 1) {
      const socket = await stalledListener(gateways.webPort, '/ws/talk');
      scene.defer(() => socket.destroy());
    }
    let sent = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < LARGE_PER_TICK; i += 1) gateways.mix(2, LARGE_PACKET);
      sent += LARGE_PER_TICK;
    }, FRAME_MS / 2);
    scene.defer(() => clearInterval(timer));
    await waitFor('the stalled ones to be ended', 60_000, () =>
      gateways.counters['websocket.cutTooSlow'] === STALLED ? true : null,
    );
    clearInterval(timer);
    await waitFor('all frames', PATIENCE_MS, () =>
      healthy.every(({ messages }) => messages.length === sent) ? true : null,
    );
    for (const { messages } of healthy)
      for (const [index, message] of messages.entries())
        expectSame('the sequence', message.readUInt32BE(0), index);
    const received = healthy.reduce((sum, { messages }) => sum + messages.length, 0);
    return { healthy: HEALTHY, stalled: STALLED, framesEach: sent, lost: HEALTHY * sent - received };
  },
};

function talkFrame(sequence: number, packet: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER_BYTES + packet.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, sequence);
  view.setBigUint64(4, BigInt(sequence * FRAME_US));
  view.setUint8(12, 1);
  view.setUint16(13, packet.length);
  frame.set(packet, HEADER_BYTES);
  return frame;
}

const talking: Check = {
  name: 'websocket: one listener at a time is heard by the room, byte for byte',
  needs: ['espeak-ng'],
  run: async (scene): Promise<Row> => {
    const packets = encodeSpeech(await scene.speech()).slice(0, COMPARED_FRAMES);
    const gateways = await scene.gateways({ channels: [conversationChannel({ talk: true })] });
    gateways.stand(2, 64_000);
    const hello = { ...HELLO, ptt: true, bitrate: 32_000, channels: 1 };
    const talker = await WebSocketClient.open(webAddress(gateways, '/ws/talk'), hello);
    const other = await WebSocketClient.open(webAddress(gateways, '/ws/talk'), hello);
    for (const client of [talker, other])
      expectSame('may talk', (await client.text('welcome'))['talk'], true);
    let said = 0;
    const stop = speakAgain(packets, (packet) => {
      talker.send(talkFrame(said, packet));
      said += 1;
    });
    await sleep(500);
    for (let i = 0; i < 5; i += 1) other.send(talkFrame(i, packets[i] ?? new Uint8Array(1)));
    await sleep(1_500);
    stop();
    await waitFor('the end of the talkspurt', PATIENCE_MS, () =>
      gateways.toRoom.some(({ kind }) => kind === 'pause') ? true : null,
    );
    const heard = gateways.toRoom.flatMap((message) =>
      message.kind === 'speak' ? [Buffer.from(message.packet)] : [],
    );
    expectSame('the number of packets', heard.length, said);
    const refused = other.texts.filter(({ type }) => type === 'error').map(({ code }) => code);
    expectSame('what the other is told', refused, ['floorTaken']);
    return {
      packetsEqual: countEqual(
        heard,
        packets.map((packet) => Buffer.from(packet)),
      ),
    };
  },
};

export const websocketChecks: readonly Check[] = [bytes, handshake, refusals, stalls, talking];
