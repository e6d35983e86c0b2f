import { createSocket, type Socket } from 'node:dgram';
import { ADDRESS_BYTES, packAddress } from '../../../core/relay/packed-address.ts';

/** A plain UDP socket of Node on loopback, for tests: what it got, in order. */
export class Peer {
  readonly got: Uint8Array[] = [];
  readonly record: Uint8Array;
  readonly #socket: Socket;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.record = packAddress(host, socket.address().port);
    socket.on('message', (bytes) => this.got.push(bytes));
  }

  static async open(ipv6 = false): Promise<Peer> {
    const host = ipv6 ? '::1' : '127.0.0.1';
    const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, host, resolve);
    });
    return new Peer(socket, host);
  }

  /** What it got, each as text. */
  texts(): string[] {
    return this.got.map((bytes) => new TextDecoder().decode(bytes));
  }

  send(bytes: string | Uint8Array, port: number): void {
    this.#socket.send(bytes, port, this.#socket.address().family === 'IPv6' ? '::1' : '127.0.0.1');
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

/** The records of some peers, one after the other. */
export function packAll(peers: readonly Peer[]): Uint8Array {
  const all = new Uint8Array(peers.length * ADDRESS_BYTES);
  peers.forEach((peer, at) => {
    all.set(peer.record, at * ADDRESS_BYTES);
  });
  return all;
}
