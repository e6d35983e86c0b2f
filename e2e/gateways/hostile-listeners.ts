import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Rng } from '../../src/core/base/rng.ts';
import { WHOTALKIE_HEADER_BYTES } from '../../src/core/framing/whotalkie-frame.ts';
import { writeOpusHead, writeOpusTags } from '../../src/core/ogg/opus-headers.ts';
import { PagePacker } from '../../src/core/ogg/page-packer.ts';
import { below, noise } from './hostile-bytes.ts';
import { soundOf } from './ogg-packets.ts';
import { RtspClient } from './rtsp-client.ts';
import { PUBLISH_KEY } from './standalone.ts';
import { WebSocketClient } from './websocket-client.ts';

const FRAME_MS = 20;
const FRAME_SAMPLES = 960;
const LOOK_MS = 5;

/** First byte of an Opus packet of one frame of 20 ms, mono (RFC 6716, section 3.1). */
const TOC = 0xf8;

/** Publishes packets of chance, one every 20 ms, and keeps them. */
export class LivePublisher {
  readonly packets: Buffer[] = [];
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  /** The other side hung up. */
  cut = false;

  /** @throws Error when it may not publish */
  static async start(port: number, rng: Rng): Promise<LivePublisher> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const authorization = Buffer.from(`source:${PUBLISH_KEY}`).toString('base64');
    const lines = [
      'PUT /publish/music HTTP/1.1',
      `Authorization: Basic ${authorization}`,
      'Content-Type: audio/ogg',
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (!answer.toString('latin1').includes(' 200 ')) throw new Error('the honest publisher was refused');
    return new LivePublisher(socket, rng);
  }

  private constructor(socket: Socket, rng: Rng) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.cut = true;
    });
    socket.resume();
    const packer = new PagePacker(below(2 ** 32, rng), (page) => socket.write(page));
    for (const header of [
      writeOpusHead({ channels: 1, preSkipSamples: 312 }),
      writeOpusTags('honest', [['title', 'Honest']]),
    ]) {
      packer.packet(header, 0n);
      packer.flush();
    }
    const startMs = performance.now();
    this.#timer = setInterval(() => {
      while (performance.now() - startMs >= this.packets.length * FRAME_MS) {
        const packet = noise(60 + below(120, rng), rng);
        packet[0] = TOC;
        this.packets.push(packet);
        packer.packet(packet, BigInt(this.packets.length * FRAME_SAMPLES));
        packer.flush();
      }
    }, LOOK_MS);
  }

  /** Sends no more, and stays. */
  pause(): void {
    clearInterval(this.#timer);
  }

  stop(): void {
    this.pause();
    this.#socket.end();
  }
}

/** Three who listen in three ways. */
export class HonestListeners {
  readonly #webSocket: WebSocketClient;
  readonly #ogg: Socket;
  readonly #pages: Buffer[] = [];
  readonly #rtsp: RtspClient;

  static async start(webPort: number, rtspPort: number): Promise<HonestListeners> {
    const hello = { type: 'hello', supports: ['opus-raw'] };
    const webSocket = await WebSocketClient.open(`ws://127.0.0.1:${webPort}/ws?channel=music`, hello);
    const rtsp = await RtspClient.open(rtspPort, 'music');
    await rtsp.ask('DESCRIBE');
    await rtsp.setUp('tcp');
    await rtsp.ask('PLAY');
    const ogg = connect(webPort, '127.0.0.1');
    ogg.write('GET /stream/music.ogg HTTP/1.0\r\n\r\n');
    await webSocket.frames(1);
    return new HonestListeners(webSocket, ogg, rtsp);
  }

  private constructor(webSocket: WebSocketClient, ogg: Socket, rtsp: RtspClient) {
    this.#webSocket = webSocket;
    this.#ogg = ogg;
    this.#rtsp = rtsp;
    ogg.on('error', () => undefined);
    ogg.on('data', (chunk) => this.#pages.push(chunk));
  }

  /** What each of them heard so far, packet by packet. */
  heard(): Readonly<Record<'webSocket' | 'ogg' | 'rtsp', readonly Buffer[]>> {
    const bytes = Buffer.concat(this.#pages);
    return {
      webSocket: this.#webSocket.messages.map((message) => message.subarray(WHOTALKIE_HEADER_BYTES)),
      ogg: soundOf(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)),
      rtsp: this.#rtsp.sound.map(({ payload }) => payload),
    };
  }

  /** Longest time between two packets over RTSP, in ms. */
  longestGapMs(): number {
    let longest = 0;
    let before: number | null = null;
    for (const { atMs } of this.#rtsp.sound) {
      longest = Math.max(longest, atMs - (before ?? atMs));
      before = atMs;
    }
    return longest;
  }

  close(): void {
    this.#webSocket.close();
    this.#ogg.destroy();
    this.#rtsp.close();
  }
}

/**
 * @param published all of it, each packet another
 * @returns how many were heard: from the first one heard to the last one published, none missing
 * @throws Error at the first that is not the one that was published, or when the end is missing
 */
export function expectWhole(who: string, heard: readonly Buffer[], published: readonly Buffer[]): number {
  const [first] = heard;
  const from = published.findIndex((packet) => first !== undefined && packet.equals(first));
  if (from === -1) throw new Error(`${who}: nothing that was published was heard`);
  const other = heard.findIndex((packet, at) => published[from + at]?.equals(packet) !== true);
  if (other !== -1) throw new Error(`${who}: packet ${other} of ${heard.length} is another one`);
  const missing = published.length - from - heard.length;
  if (missing !== 0) throw new Error(`${who}: ${missing} of ${published.length} packets are missing`);
  return heard.length;
}
