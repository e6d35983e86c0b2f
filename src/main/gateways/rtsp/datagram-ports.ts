import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { PortKind } from '../../../core/rtsp/datagram-routes.ts';
import type { PortPair } from '../../../core/rtsp/transport-header.ts';

/** Pairs that are tried, from the first on, before sound goes through connections only. */
const MAX_PAIRS = 64;

/** Where free ports are looked for when no number is given. */
const FIRST_FREE_PORT = 20_000;

const MAPPED = '::ffff:';

/** IPv4 addresses as IPv4 has them, also where a socket for both shows them as IPv6. */
export function plainAddress(address: string): string {
  return address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address;
}

export type DatagramListener = (kind: PortKind, address: string, port: number, bytes: Uint8Array) => void;

/** One even port for RTP and the next for RTCP (RFC 3550, section 11), shared by all streams. */
export class DatagramPorts {
  readonly pair: PortPair;
  readonly #sockets: Record<PortKind, Socket>;
  readonly #mapped: boolean;
  failed = 0;

  constructor(pair: PortPair, sockets: Record<PortKind, Socket>, mapped: boolean) {
    this.pair = pair;
    this.#sockets = sockets;
    this.#mapped = mapped;
    for (const socket of Object.values(sockets)) {
      socket.on('error', () => {
        this.failed += 1;
      });
    }
  }

  listen(listener: DatagramListener): void {
    for (const kind of ['rtp', 'rtcp'] as const)
      this.#sockets[kind].on('message', (bytes, { address, port }) => {
        listener(kind, plainAddress(address), port, bytes);
      });
  }

  /** Never waits; what the system does not take is lost, and counted. */
  send(kind: PortKind, address: string, port: number, packet: Uint8Array): void {
    const to = this.#mapped && isIP(address) === 4 ? `${MAPPED}${address}` : address;
    this.#sockets[kind].send(packet, port, to, (error) => {
      if (error !== null) this.failed += 1;
    });
  }

  async close(): Promise<void> {
    await Promise.all(
      Object.values(this.#sockets).map(
        (socket) => new Promise<void>((resolve) => socket.close(() => resolve())),
      ),
    );
  }
}

/** @returns null: the port cannot be had */
function bind(host: string, family: 'udp4' | 'udp6', port: number): Promise<Socket | null> {
  const socket = createSocket({
    type: family,
    ipv6Only: false,
    // Numeric addresses only: nobody is asked.
    lookup: (address, _options, callback) => callback(null, address, family === 'udp4' ? 4 : 6),
  });
  return new Promise((resolve) => {
    socket.once('error', () => {
      socket.close();
      resolve(null);
    });
    socket.bind({ port, ...(host === '' ? {} : { address: host }), exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

async function bindPair(host: string, family: 'udp4' | 'udp6', rtp: number): Promise<DatagramPorts | null> {
  const even = await bind(host, family, rtp);
  if (even === null) return null;
  const odd = await bind(host, family, rtp + 1);
  if (odd === null) {
    even.close();
    return null;
  }
  const mapped = family === 'udp6' && host === '';
  return new DatagramPorts({ rtp, rtcp: rtp + 1 }, { rtp: even, rtcp: odd }, mapped);
}

/**
 * Opens a pair of ports.
 *
 * @param host numeric address; empty: all of this machine
 * @param first the even port that is tried first; 0: any
 * @returns null: there is none to be had
 */
export async function openDatagramPorts(host: string, first: number): Promise<DatagramPorts | null> {
  const families: readonly ('udp4' | 'udp6')[] =
    host === '' ? ['udp6', 'udp4'] : isIP(host) === 6 ? ['udp6'] : ['udp4'];
  const from = first === 0 ? FIRST_FREE_PORT : first;
  for (const family of families)
    for (let pair = 0; pair < MAX_PAIRS; pair += 1) {
      const ports = await bindPair(host, family, from + 2 * pair);
      if (ports !== null) return ports;
    }
  return null;
}
