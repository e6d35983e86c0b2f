import { createSocket, type Socket } from 'node:dgram';

const LOOPBACK = '127.0.0.1';

/** RTP's version is 2, in the two highest bits; STUN and DTLS have others (RFC 7983). */
const FIRST_RTP_BYTE = 128;
const LAST_RTP_BYTE = 191;
/** RTP's padding bit: sound is never padded, but WebRTC probes the bandwidth with packets of nothing else. */
const PADDING_BIT = 0x20;
/** Payload types of RTCP, with the marker bit cut off (RFC 5761, section 4). */
const FIRST_RTCP_TYPE = 64;
const LAST_RTCP_TYPE = 95;

/** Sooner than this a timer of the event loop cannot be had. */
const TIMER_MS = 1;

interface Waiting {
  readonly dueMs: number;
  readonly packet: Uint8Array;
  readonly timestamp: number;
  readonly isProbe: boolean;
}

/** A packet of sound that was let through, and when. */
export interface Passed {
  readonly timestamp: number;
  readonly atMs: number;
}

function bind(): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, LOOPBACK, () => resolve(socket));
  });
}

function isRtp(packet: Uint8Array): boolean {
  const [first = 0, second = 0] = packet;
  const type = second & 0x7f;
  if (first < FIRST_RTP_BYTE || first > LAST_RTP_BYTE) return false;
  return type < FIRST_RTCP_TYPE || type > LAST_RTCP_TYPE;
}

/** Stands between two peers on loopback and does to the sound of the first what a trace says. */
export class TraceProxy {
  readonly passed: Passed[] = [];
  readonly #delaysMs: readonly (number | null)[];
  readonly #leastMs: number;
  readonly #towardsSender: Socket;
  readonly #towardsReceiver: Socket;
  #senderPort = 0;
  #receiverPort = 0;
  #firstSequence: number | null = null;
  #waiting: Waiting[] = [];
  /** Packets of the trace that have come by. */
  #seen = 0;
  #timer: NodeJS.Timeout | null = null;

  static async open(delaysMs: readonly (number | null)[]): Promise<TraceProxy> {
    return new TraceProxy(delaysMs, await bind(), await bind());
  }

  private constructor(delaysMs: readonly (number | null)[], towardsSender: Socket, towardsReceiver: Socket) {
    this.#delaysMs = delaysMs;
    this.#leastMs = Math.min(...delaysMs.filter((delay) => delay !== null));
    this.#towardsSender = towardsSender;
    this.#towardsReceiver = towardsReceiver;
    towardsSender.on('message', (packet) => this.#fromSender(packet));
    towardsReceiver.on('message', (packet) => towardsSender.send(packet, this.#senderPort, LOOPBACK));
  }

  /** Where the sender finds its receiver. */
  get portForSender(): number {
    return this.#towardsSender.address().port;
  }

  /** Where the receiver finds its sender. */
  get portForReceiver(): number {
    return this.#towardsReceiver.address().port;
  }

  setSenderPort(port: number): void {
    this.#senderPort = port;
  }

  setReceiverPort(port: number): void {
    this.#receiverPort = port;
  }

  /** All packets of the trace have been seen. */
  get finished(): boolean {
    return this.#seen >= this.#delaysMs.length;
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#towardsSender.close();
    this.#towardsReceiver.close();
  }

  #fromSender(packet: Uint8Array): void {
    if (!isRtp(packet)) {
      this.#towardsReceiver.send(packet, this.#receiverPort, LOOPBACK);
      return;
    }
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    const sequence = view.getUint16(2);
    this.#firstSequence ??= sequence;
    const index = (sequence - this.#firstSequence) & 0xffff;
    this.#seen = Math.max(this.#seen, index + 1);
    const delay = index < this.#delaysMs.length ? this.#delaysMs[index] : null;
    if (delay === null || delay === undefined) return;
    this.#waiting.push({
      dueMs: performance.now() + delay - this.#leastMs,
      packet: packet.slice(),
      timestamp: view.getUint32(4),
      isProbe: (view.getUint8(0) & PADDING_BIT) !== 0,
    });
    this.#waiting.sort((a, b) => a.dueMs - b.dueMs);
    this.#release();
  }

  #release(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const nowMs = performance.now();
    for (let next = this.#waiting[0]; next && next.dueMs <= nowMs; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#towardsReceiver.send(next.packet, this.#receiverPort, LOOPBACK);
      if (!next.isProbe) this.passed.push({ timestamp: next.timestamp, atMs: performance.now() });
    }
    const [next] = this.#waiting;
    if (next) this.#timer = setTimeout(() => this.#release(), Math.max(TIMER_MS, next.dueMs - nowMs));
  }
}
