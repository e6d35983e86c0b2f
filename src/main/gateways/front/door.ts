import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { type Counters, createCounters } from '../../../core/base/counters.ts';
import { networkOf } from '../../../core/relay/network-of.ts';
import type { CertificatePair } from '../../base/certificate-pair.ts';
import type { Origin } from '../gateway.ts';

/** Most connections of one door at a time: as many listeners as a relay admits, and some that are just looking. */
const MAX_CONNECTIONS = 12_000;

/** Connections of one address that are no visits: pages, lists, players that look twice before they listen. */
const SPARE_CONNECTIONS_PER_NETWORK = 32;

/** Longest wait for the first byte of a connection, and for the TLS handshake, in ms. */
const FIRST_BYTE_LIMIT_MS = 10_000;
const HANDSHAKE_LIMIT_MS = 10_000;

/** First byte of a TLS record that holds a handshake (RFC 8446, section 5.1); no text protocol begins with it. */
const TLS_HANDSHAKE = 0x16;

const LOOPBACK = /^(::1|127\.\d+\.\d+\.\d+|::ffff:127\.\d+\.\d+\.\d+)$/;

/** connections = refusedFull + refusedNetwork + closed + those that are open. */
const COUNTED = [
  'connections',
  'closed',
  'refusedFull',
  'refusedNetwork',
  'silent',
  'tlsFailed',
  'socketErrors',
] as const;
export type DoorCounter = (typeof COUNTED)[number];

export interface DoorOptions {
  /** Empty: all addresses of this machine. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls: CertificatePair;
  readonly visitsPerNetwork: number;
  /** The socket is paused, and what the peer has sent so far waits in it. */
  readonly onConnection: (socket: Socket, origin: Origin) => void;
}

export interface Door {
  readonly port: number;
  readonly counters: Counters<DoorCounter>;
  /** For connections from now on. @throws Error where it is no certificate and its key */
  renewCertificate(certificate: CertificatePair): void;
  /** Ends what is still connected. */
  close(): Promise<void>;
}

function contextOf({ certificatePem: cert, keyPem: key }: CertificatePair): SecureContext {
  return createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
}

/** One TCP port that takes TLS and plain text alike: the first byte tells which it is. */
class TcpDoor implements Door {
  readonly counters = createCounters(COUNTED);
  readonly #options: DoorOptions;
  readonly #server: Server;
  #context: SecureContext;
  readonly #sockets = new Set<Socket>();
  readonly #perNetwork = new Map<string, number>();

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#context = contextOf(options.tls);
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#admit(socket));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Rejects with the system's error when the port cannot be had. */
  open(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => {
          this.counters.socketErrors += 1;
        });
        resolve();
      });
    });
  }

  renewCertificate(certificate: CertificatePair): void {
    this.#context = contextOf(certificate);
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    return closed;
  }

  #admit(socket: Socket): void {
    this.counters.connections += 1;
    const address = socket.remoteAddress ?? '';
    const network = networkOf(address);
    const inNetwork = this.#perNetwork.get(network) ?? 0;
    if (this.#sockets.size >= MAX_CONNECTIONS) {
      this.counters.refusedFull += 1;
      socket.destroy();
      return;
    }
    if (inNetwork >= this.#options.visitsPerNetwork + SPARE_CONNECTIONS_PER_NETWORK) {
      this.counters.refusedNetwork += 1;
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    this.#perNetwork.set(network, inNetwork + 1);
    socket.once('close', () => {
      this.counters.closed += 1;
      this.#sockets.delete(socket);
      const rest = (this.#perNetwork.get(network) ?? 1) - 1;
      if (rest === 0) this.#perNetwork.delete(network);
      else this.#perNetwork.set(network, rest);
    });
    socket.on('error', () => {
      this.counters.socketErrors += 1;
    });
    this.#awaitFirstByte(socket, address);
  }

  #awaitFirstByte(socket: Socket, address: string): void {
    const limit = setTimeout(() => {
      this.counters.silent += 1;
      socket.destroy();
    }, FIRST_BYTE_LIMIT_MS);
    socket.once('close', () => clearTimeout(limit));
    socket.once('data', (chunk: Buffer) => {
      clearTimeout(limit);
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] === TLS_HANDSHAKE) this.#secure(socket, address);
      else this.#options.onConnection(socket, { address, secure: false, private: LOOPBACK.test(address) });
    });
  }

  #secure(socket: Socket, address: string): void {
    const secured = new TLSSocket(socket, { isServer: true, secureContext: this.#context });
    let done = false;
    const limit = setTimeout(() => {
      this.counters.tlsFailed += 1;
      secured.destroy();
    }, HANDSHAKE_LIMIT_MS);
    secured.on('error', () => {
      if (!done) this.counters.tlsFailed += 1;
      else this.counters.socketErrors += 1;
      secured.destroy();
    });
    secured.once('close', () => {
      clearTimeout(limit);
      socket.destroy();
    });
    secured.once('secure', () => {
      clearTimeout(limit);
      done = true;
      this.#options.onConnection(secured, { address, secure: true, private: true });
    });
  }
}

/**
 * Opens a port for a gateway.
 *
 * @throws the system's error (code EADDRINUSE, EACCES, …) when it cannot be had
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const door = new TcpDoor(options);
  await door.open();
  return door;
}
