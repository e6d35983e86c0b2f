import { createSocket, type Socket } from 'node:dgram';
import { assert } from '../../../core/base/assert.ts';
import { ADDRESS_BYTES } from '../../../core/relay/packed-address.ts';
import { AddressCache } from './address-cache.ts';
import { MAX_RECEIVED_BYTES, RECEIVE_BUFFER_BYTES, SEND_BUFFER_BYTES } from './socket-limits.ts';
import type { DatagramHandler, VoiceSocket, VoiceSocketCounters } from './voice-socket.ts';

/**
 * Bytes that may wait in Node for the kernel's send buffer: a datagram that waits is sound that comes too late, so
 * there is room for little more than the call that finds the buffer full.
 */
const MAX_QUEUED_BYTES = 64 * 1024;

/** Node's own UDP socket as a voice socket, where the native addon cannot be had. */
export class DgramSocket implements VoiceSocket {
  readonly kind = 'dgram';
  readonly port: number;
  readonly #socket: Socket;
  readonly #addresses: AddressCache;
  readonly #counts = { received: 0, tooLong: 0, sent: 0, bufferFull: 0, failed: 0, errors: 0 };
  readonly #onSent = (error: Error | null): void => {
    if (error === null) this.#counts.sent += 1;
    else if (isBufferFull(error)) this.#counts.bufferFull += 1;
    else this.#counts.failed += 1;
  };
  #incoming: Uint8Array | null = null;
  #closed = false;

  /** Use `openDgramSocket`. */
  constructor(socket: Socket, ipv6: boolean) {
    this.#socket = socket;
    this.#addresses = new AddressCache(ipv6);
    this.port = socket.address().port;
    socket.on('error', () => {
      this.#counts.errors += 1;
    });
  }

  start(handler: DatagramHandler): void {
    this.#socket.on('message', (bytes, { address, port }) => {
      this.#counts.received += 1;
      if (bytes.length > MAX_RECEIVED_BYTES) {
        this.#counts.tooLong += 1;
        return;
      }
      this.#incoming = bytes;
      try {
        handler(bytes, bytes.length, this.#addresses.pack(address, port));
      } finally {
        this.#incoming = null;
      }
    });
  }

  send(bytes: Uint8Array, lengthBytes: number, to: Uint8Array): void {
    this.fanOut(bytes, lengthBytes, to, 1, -1);
  }

  fanOut(bytes: Uint8Array, lengthBytes: number, addresses: Uint8Array, count: number, skip: number): void {
    assert(lengthBytes <= bytes.length && count * ADDRESS_BYTES <= addresses.length, 'sends what there is');
    if (this.#closed) return;
    const steady = this.#steady(bytes, lengthBytes);
    for (let at = 0; at < count; at += 1) {
      if (at === skip) continue;
      if (this.#socket.getSendQueueSize() > MAX_QUEUED_BYTES) {
        this.#counts.bufferFull += 1;
        continue;
      }
      const to = this.#addresses.unpack(addresses, at * ADDRESS_BYTES);
      if (to.port === 0) this.#counts.failed += 1;
      else this.#socket.send(steady, 0, lengthBytes, to.port, to.address, this.#onSent);
    }
  }

  counters(): VoiceSocketCounters {
    const { received, tooLong, sent, bufferFull, failed, errors } = this.#counts;
    return {
      udpReceived: received,
      udpTooLong: tooLong,
      udpSent: sent,
      udpSendPackets: sent,
      udpReceiveCalls: received,
      udpKernelDrops: 0,
      udpSendBufferFull: bufferFull,
      udpSendFailed: failed,
      udpIcmpErrors: errors,
    };
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  /** Node may still hold what it was given to send: bytes that come from the kernel are never written again, others are. */
  #steady(bytes: Uint8Array, lengthBytes: number): Uint8Array {
    return bytes === this.#incoming ? bytes : Uint8Array.prototype.slice.call(bytes, 0, lengthBytes);
  }
}

function isBufferFull(error: Error): boolean {
  return 'code' in error && (error.code === 'EAGAIN' || error.code === 'ENOBUFS');
}

/**
 * Opens a socket of Node on one port, for IPv6 and IPv4 together or IPv4 alone.
 *
 * @param port 0: any free port
 * @throws Error with `code`, such as EADDRINUSE
 */
export function openDgramSocket(port: number, ipv6: boolean): Promise<DgramSocket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: ipv6 ? 'udp6' : 'udp4',
      // Addresses are never names here, and Node's own look-up would put each datagram off to a later turn.
      lookup: (address, _options, callback) => callback(null, address, ipv6 ? 6 : 4),
    });
    const fail = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', fail);
    socket.bind({ port, address: ipv6 ? '::' : '0.0.0.0', exclusive: true }, () => {
      socket.off('error', fail);
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
      socket.setSendBufferSize(SEND_BUFFER_BYTES);
      resolve(new DgramSocket(socket, ipv6));
    });
  });
}
