import { ADDRESS_BYTES } from '../../../core/relay/packed-address.ts';
import type { NativeAddon, NativeUdpSocket } from '../../base/native-addon.ts';
import { RECEIVE_BUFFER_BYTES, SEND_BUFFER_BYTES } from './socket-limits.ts';
import type { DatagramHandler, VoiceSocket, VoiceSocketCounters } from './voice-socket.ts';

export interface BatchedSocketOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly ipv6: boolean;
  readonly senderThreads: number;
  /** False: datagrams to one recipient never go as one packet. For measurements. */
  readonly together?: boolean;
}

/**
 * The native addon as a voice socket: takes datagrams in batches, and sends what a batch brought together, so that
 * several datagrams to one recipient cross the kernel as one packet. Nothing is allocated per datagram.
 *
 * A handler that throws ends its batch: the datagrams behind it are lost. What was to be sent is sent.
 */
export class BatchedSocket implements VoiceSocket {
  readonly kind = 'batched';
  readonly port: number;
  readonly #native: NativeUdpSocket;
  readonly #names: readonly string[];
  readonly #values: Float64Array;
  readonly #slots: Uint8Array[] = [];
  readonly #sources: Uint8Array[] = [];
  readonly #lengths: Int32Array;

  /** @throws Error with `code`, such as EADDRINUSE */
  constructor(addon: NativeAddon, options: BatchedSocketOptions) {
    this.#native = new addon.UdpSocket({
      port: options.port,
      ipv6: options.ipv6,
      senderThreads: options.senderThreads,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
      sendBufferBytes: SEND_BUFFER_BYTES,
      together: options.together ?? true,
    });
    this.port = this.#native.port;
    this.#names = addon.COUNTERS;
    this.#values = new Float64Array(addon.COUNTERS.length);
    const shared = this.#native.shared ?? new ArrayBuffer(0);
    for (let slot = 0; slot < addon.SLOTS; slot += 1) {
      this.#slots.push(new Uint8Array(shared, slot * addon.SLOT_BYTES, addon.SLOT_BYTES));
      this.#sources.push(new Uint8Array(shared, addon.SOURCES_OFFSET + slot * ADDRESS_BYTES, ADDRESS_BYTES));
    }
    this.#lengths = new Int32Array(shared, addon.LENGTHS_OFFSET, addon.SLOTS);
  }

  start(handler: DatagramHandler): void {
    const slots = this.#slots;
    const sources = this.#sources;
    const lengths = this.#lengths;
    this.#native.start((count) => {
      for (let slot = 0; slot < count; slot += 1) {
        const bytes = slots[slot];
        const source = sources[slot];
        const lengthBytes = lengths[slot];
        if (bytes === undefined || source === undefined || lengthBytes === undefined) return;
        if (lengthBytes >= 0) handler(bytes, lengthBytes, source);
      }
    });
  }

  send(bytes: Uint8Array, lengthBytes: number, to: Uint8Array): void {
    this.#native.fanOut(bytes, lengthBytes, to, 1, -1);
  }

  fanOut(bytes: Uint8Array, lengthBytes: number, addresses: Uint8Array, count: number, skip: number): void {
    if (count > 0) this.#native.fanOut(bytes, lengthBytes, addresses, count, skip);
  }

  counters(): VoiceSocketCounters {
    this.#native.readCounters(this.#values);
    const value = (name: string): number => this.#values[this.#names.indexOf(name)] ?? 0;
    return {
      udpReceived: value('received'),
      udpTooLong: value('tooLong'),
      udpSent: value('sent'),
      udpSendPackets: value('packets'),
      udpReceiveCalls: value('receiveCalls'),
      udpKernelDrops: value('kernelDrops'),
      udpSendBufferFull: value('bufferFull'),
      udpSendFailed: value('sendFailed'),
      udpIcmpErrors: value('icmpErrors'),
    };
  }

  close(): Promise<void> {
    this.#native.close();
    return Promise.resolve();
  }
}
