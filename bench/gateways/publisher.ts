import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeOpusHead, writeOpusTags } from '../../src/core/ogg/opus-headers.ts';
import { PagePacker } from '../../src/core/ogg/page-packer.ts';
import { markedPacket } from './marked-packet.ts';

const FRAME_MS = 20;
const FRAME_SAMPLES = 960n;

/** Longest wait for the server's consent, in ms. */
const MAX_CONSENT_MS = 5_000;

export interface PublisherOptions {
  readonly port: number;
  /** For example `/music.ogg`. */
  readonly path: string;
  readonly password: string;
}

/**
 * Publishes marked packets the way source clients do: PUT with Basic authentication, Ogg, one packet a page, one page
 * every 20 ms. The same stream for every server that is measured.
 */
export class Publisher {
  readonly #socket: Socket;
  readonly #packer: PagePacker;
  readonly #timer: NodeJS.Timeout;
  readonly #startMs = performance.now();
  #sent = 0;
  #granule = 0n;
  /** How late the latest packet went out, in ms. */
  #latestMs = 0;
  #closed = false;

  /** @throws Error when the server refuses */
  static async start({ port, path, password }: PublisherOptions): Promise<Publisher> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const authorization = Buffer.from(`source:${password}`).toString('base64');
    socket.write(
      [
        `PUT ${path} HTTP/1.1`,
        'Host: 127.0.0.1',
        `Authorization: Basic ${authorization}`,
        'Content-Type: application/ogg',
        'Expect: 100-continue',
        'ice-name: Bench',
        '',
        '',
      ].join('\r\n'),
    );
    const answer = await new Promise<string>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error('the server does not let us publish')), MAX_CONSENT_MS);
      socket.once('error', reject);
      socket.once('data', (chunk) => {
        clearTimeout(limit);
        resolve(chunk.toString('latin1'));
      });
    });
    if (!/^HTTP\/1\.\d (100|200) /.test(answer))
      throw new Error(`publishing was refused: ${answer.slice(0, 60)}`);
    return new Publisher(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
    });
    socket.resume();
    this.#packer = new PagePacker(randomInt(2 ** 32), (page) => socket.write(page));
    for (const header of [
      writeOpusHead({ channels: 1, preSkipSamples: 312 }),
      writeOpusTags('bench', [['title', 'Bench']]),
    ]) {
      this.#packer.packet(header, 0n);
      this.#packer.flush();
    }
    this.#timer = setInterval(() => this.#catchUp(), 5);
  }

  /** The server hung up. */
  get closed(): boolean {
    return this.#closed;
  }

  get sent(): number {
    return this.#sent;
  }

  /** How late the latest packet of all went out since the last call, in ms. */
  takeLatestMs(): number {
    const latest = this.#latestMs;
    this.#latestMs = 0;
    return latest;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#socket.end();
    await sleep(200);
    this.#socket.destroy();
  }

  #catchUp(): void {
    for (;;) {
      const lateMs = performance.now() - this.#startMs - this.#sent * FRAME_MS;
      if (lateMs < 0 || this.#closed) return;
      this.#latestMs = Math.max(this.#latestMs, lateMs);
      this.#granule += FRAME_SAMPLES;
      this.#packer.packet(markedPacket(this.#sent, process.hrtime.bigint()), this.#granule);
      this.#packer.flush();
      this.#sent += 1;
    }
  }
}
