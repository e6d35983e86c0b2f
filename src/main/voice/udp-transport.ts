import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { MAX_DATAGRAM_BYTES } from '../../core/wire/datagram.ts';

/**
 * Datagrams that may wait inside the kernel binding at once. `dgram` sends at once where it can, but keeps the
 * buffer until its callback: a buffer is not written again before this many others were used.
 */
const SEND_BUFFERS = 64;

/** Receive buffer asked of the kernel: half a second of 20 speakers, for a thread that was held up. */
const RECEIVE_BUFFER_BYTES = 262_144;

/** One UDP socket towards one relay. Datagrams from anywhere else are dropped by the kernel. */
export class UdpTransport {
  readonly #socket: Socket;
  readonly #buffers = Array.from({ length: SEND_BUFFERS }, () => Buffer.alloc(MAX_DATAGRAM_BYTES));
  readonly #free: Buffer[];
  #open = false;
  #closed = false;
  readonly counters = { sent: 0, received: 0, sendFailed: 0, sendBacklog: 0, notOpen: 0 };

  constructor(address: string, port: number, onDatagram: (bytes: Uint8Array, lengthBytes: number) => void) {
    this.#free = [...this.#buffers];
    this.#socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    this.#socket.on('message', (message) => {
      this.counters.received += 1;
      onDatagram(message, message.length);
    });
    // A relay that is down answers with ICMP errors; the path engine notices the silence, so a count is enough.
    this.#socket.on('error', () => {
      this.counters.sendFailed += 1;
    });
    this.#socket.connect(port, address, () => {
      if (this.#closed) return;
      this.#socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
      this.#open = true;
    });
  }

  send(bytes: Uint8Array, lengthBytes: number): void {
    if (!this.#open) {
      this.counters.notOpen += 1;
      return;
    }
    const buffer = this.#free.pop();
    if (buffer === undefined) {
      this.counters.sendBacklog += 1;
      return;
    }
    buffer.set(lengthBytes === bytes.length ? bytes : bytes.subarray(0, lengthBytes));
    this.#socket.send(buffer, 0, lengthBytes, (error) => {
      this.#free.push(buffer);
      if (error === null) this.counters.sent += 1;
      else this.counters.sendFailed += 1;
    });
  }

  close(): void {
    this.#closed = true;
    this.#open = false;
    this.#socket.close();
  }
}
