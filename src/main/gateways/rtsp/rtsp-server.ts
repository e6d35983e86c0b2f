import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { createRng } from '../../../core/base/rng.ts';
import { GuessLimit } from '../../../core/relay/guess-limit.ts';
import { readRtcp } from '../../../core/rtp/rtcp-reading.ts';
import { DatagramRoutes } from '../../../core/rtsp/datagram-routes.ts';
import type { DigestFunctions } from '../../../core/rtsp/digest.ts';
import { NonceBook } from '../../../core/rtsp/nonce-book.ts';
import type { RtspConnection } from '../../../core/rtsp/rtsp-connection.ts';
import { createRtspCounters, type RtspParts } from '../../../core/rtsp/rtsp-parts.ts';
import type { CertificatePair } from '../../base/certificate-pair.ts';
import { type Door, openDoor } from '../front/door.ts';
import type { Gateway, GatewayParts, Origin } from '../gateway.ts';
import { type DatagramPorts, openDatagramPorts, plainAddress } from './datagram-ports.ts';
import { RtspSocket } from './rtsp-socket.ts';

/** How often time is looked at, in ms: sender reports and limits of seconds need no more. */
const TICK_MS = 250;

/** Canonical name of all streams, so that players put sound and pictures together; it says nothing about the host. */
const CNAME_BYTES = 12;

const TOKEN_BYTES = 16;

export interface RtspServerOptions {
  /** Numeric address or name; empty: all addresses of this machine. */
  readonly host: string;
  /** 0: any free one. Datagrams go from the first free pair of ports behind it. */
  readonly port: number;
  readonly tls: CertificatePair;
  readonly visitsPerNetwork: number;
}

const DIGEST: DigestFunctions = {
  md5: (text) => createHash('md5').update(text).digest('hex'),
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  equal: (one, other) => {
    const [first, second] = [one, other].map((text) => createHash('sha256').update(text).digest());
    return first !== undefined && second !== undefined && timingSafeEqual(first, second);
  },
};

/** Bytes that are no UTF-8 become U+FFFD: no password has it. */
function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

/** Programs by RTSP: its own TCP port, plain and TLS, and a pair of UDP ports. */
export class RtspServer implements Gateway {
  readonly name = 'rtsp';
  readonly #nowMs: () => number;
  readonly #parts: RtspParts;
  readonly #datagrams: DatagramPorts | null;
  readonly #sockets = new Map<RtspConnection, RtspSocket>();
  readonly #ticker: NodeJS.Timeout;
  #door: Door | null = null;
  #closing: Promise<void> | null = null;
  #datagramsUnknown = 0;
  #defects = 0;

  /**
   * Opens its ports.
   *
   * @throws the system's error when the TCP port cannot be had; without UDP ports it goes on without them
   */
  static async open(gateway: GatewayParts, options: RtspServerOptions): Promise<RtspServer> {
    const first = options.port === 0 ? 0 : options.port + 2 - (options.port % 2);
    const datagrams = await openDatagramPorts(options.host, first);
    const server = new RtspServer(gateway, datagrams);
    try {
      const { host, port, tls, visitsPerNetwork } = options;
      const onConnection = (socket: Socket, origin: Origin): void => server.#connect(socket, origin);
      server.#door = await openDoor({ host, port, tls, visitsPerNetwork, onConnection });
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  private constructor({ programs, nowMs }: GatewayParts, datagrams: DatagramPorts | null) {
    this.#nowMs = nowMs;
    this.#datagrams = datagrams;
    const unixOffsetMs = Date.now() - nowMs();
    this.#parts = {
      programs,
      counters: createRtspCounters(),
      routes: new DatagramRoutes(),
      nonces: new NonceBook(),
      guesses: new GuessLimit(),
      digest: DIGEST,
      fromBase64,
      randomToken: () => randomBytes(TOKEN_BYTES).toString('base64url'),
      rng: createRng(randomInt(2 ** 32)),
      reports: {
        cname: randomBytes(CNAME_BYTES).toString('base64url'),
        unixMsAt: (atMs) => atMs + unixOffsetMs,
      },
      serverPorts: datagrams?.pair ?? null,
    };
    datagrams?.listen((kind, address, port, bytes) => this.#handleDatagram(kind, address, port, bytes));
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  /** TCP port. */
  get port(): number {
    return this.#door?.port ?? 0;
  }

  renewCertificate(certificate: CertificatePair): void {
    this.#door?.renewCertificate(certificate);
  }

  counters(): Readonly<Record<string, number>> {
    return {
      ...this.#parts.counters,
      ...this.#door?.counters,
      connected: this.#sockets.size,
      defects: this.#defects,
      datagramsUnknown: this.#datagramsUnknown,
      datagramsFailed: this.#datagrams?.failed ?? 0,
    };
  }

  /** Called again, it waits for the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    clearInterval(this.#ticker);
    for (const socket of [...this.#sockets.values()]) socket.end('programClosed');
    await this.#door?.close();
    await this.#datagrams?.close();
  }

  #connect(socket: Socket, origin: Origin): void {
    const served = new RtspSocket({
      socket,
      parts: this.#parts,
      origin: { ...origin, address: plainAddress(origin.address) },
      nowMs: this.#nowMs,
      datagrams: this.#datagrams,
      onDidClose: () => this.#sockets.delete(served.connection),
      onDefect: () => {
        this.#defects += 1;
      },
    });
    this.#sockets.set(served.connection, served);
    served.start();
  }

  #handleDatagram(kind: 'rtp' | 'rtcp', address: string, port: number, bytes: Uint8Array): void {
    const reading = kind === 'rtcp' ? readRtcp(bytes) : null;
    const reported = reading?.ok === true ? reading.reports.map(({ ssrc }) => ssrc) : [];
    const found = this.#parts.routes.find(kind, address, port, reported);
    if (found === null) this.#datagramsUnknown += 1;
    else found.owner.handleDatagram(found.endpoint, kind, bytes, this.#nowMs());
  }

  #tick(): void {
    const nowMs = this.#nowMs();
    for (const served of [...this.#sockets.values()]) served.tick(nowMs);
  }
}
