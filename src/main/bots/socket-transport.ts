import { sameAddress } from '../../core/relay/packed-address.ts';

/** A socket that takes datagrams from anywhere, as the relay's own; addresses are packed (core/relay/packed-address). */
export interface DatagramSocket {
  start(handler: (bytes: Uint8Array, lengthBytes: number, source: Uint8Array) => void): void;
  send(bytes: Uint8Array, lengthBytes: number, to: Uint8Array): void;
  counters(): {
    readonly udpReceived: number;
    readonly udpSent: number;
    readonly udpKernelDrops: number;
    readonly udpSendBufferFull: number;
    readonly udpSendFailed: number;
  };
  close(): Promise<void>;
}

/** One bot's way to one relay over such a socket: what comes from elsewhere is not the relay's, and is counted. */
export class SocketTransport {
  readonly #socket: DatagramSocket;
  readonly #relay: Uint8Array;
  #fromElsewhere = 0;

  /** @param relay packed */
  constructor(
    socket: DatagramSocket,
    relay: Uint8Array,
    onDatagram: (bytes: Uint8Array, lengthBytes: number) => void,
  ) {
    this.#socket = socket;
    this.#relay = relay;
    socket.start((bytes, lengthBytes, source) => {
      if (sameAddress(source, relay)) onDatagram(bytes, lengthBytes);
      else this.#fromElsewhere += 1;
    });
  }

  get counters(): Readonly<Record<string, number>> {
    const { udpReceived, udpSent, udpKernelDrops, udpSendBufferFull, udpSendFailed } =
      this.#socket.counters();
    return {
      received: udpReceived,
      sent: udpSent,
      kernelDrops: udpKernelDrops,
      sendBacklog: udpSendBufferFull,
      sendFailed: udpSendFailed,
      fromElsewhere: this.#fromElsewhere,
    };
  }

  send(bytes: Uint8Array, lengthBytes: number): void {
    this.#socket.send(bytes, lengthBytes, this.#relay);
  }

  close(): void {
    void this.#socket.close();
  }
}
