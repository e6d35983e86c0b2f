/** Gets one datagram; `bytes` and `source` (ADDRESS_BYTES, see core/relay/packed-address.ts) are valid only during the call. */
export type DatagramHandler = (bytes: Uint8Array, lengthBytes: number, source: Uint8Array) => void;

/** What a voice socket counts, since it was opened. */
export interface VoiceSocketCounters {
  readonly udpReceived: number;
  /** Of those received: longer than any datagram of the protocol, and handed to nobody. */
  readonly udpTooLong: number;
  readonly udpSent: number;
  /** What the kernel was given to send: several datagrams to one recipient can go as one packet. */
  readonly udpSendPackets: number;
  /** Calls of the kernel that brought datagrams: how many of them came at once shows how busy it is. */
  readonly udpReceiveCalls: number;
  /** Dropped by the kernel because its receive buffer was full; 0 where it does not tell. */
  readonly udpKernelDrops: number;
  /** Left out because the send buffer was full: nothing ever waits for it. */
  readonly udpSendBufferFull: number;
  /** Refused by the kernel for another reason, such as no route. */
  readonly udpSendFailed: number;
  /** Sent, and the network answered (ICMP) that nobody is there; 0 where it does not tell. */
  readonly udpIcmpErrors: number;
}

/** `batched`: the native addon. `dgram`: Node's own. */
export type VoiceSocketKind = 'batched' | 'dgram';

/** The relay's UDP door. */
export interface VoiceSocket {
  readonly kind: VoiceSocketKind;
  readonly port: number;
  /** Begins to receive. Called once. */
  start(handler: DatagramHandler): void;
  /** Sends `bytes[0, lengthBytes)` to one address. The bytes may be reused afterwards. */
  send(bytes: Uint8Array, lengthBytes: number, to: Uint8Array): void;
  /**
   * Sends the same bytes to `count` packed addresses, but not to the one at index `skip` (-1: to all). Within a
   * `DatagramHandler`, for the bytes it was given, the sending may be put off until the batch has been handled.
   */
  fanOut(bytes: Uint8Array, lengthBytes: number, addresses: Uint8Array, count: number, skip: number): void;
  counters(): VoiceSocketCounters;
  close(): Promise<void>;
}
