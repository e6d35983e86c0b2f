import { base64UrlToBytes } from '../base/base64url.ts';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { createRng } from '../base/rng.ts';
import {
  type Endpoint,
  type LaneId,
  RelayEngine,
  type RelayOptions,
  type RelayOut,
} from '../relay/relay-engine.ts';
import type { ClientMessage, RelayMessage } from '../wire/control.ts';
import { createHeader, encodeHeader } from '../wire/datagram.ts';
import { encodeProbe, KIND_PROBE, type Mac, PROBE_DATAGRAM_BYTES } from '../wire/probe.ts';
import { simChannels } from './simulation.ts';

/** A member of a recorded relay, as its client knows it. */
export interface RecordedMember {
  readonly lane: LaneId;
  readonly token: number;
  readonly pathKey: Uint8Array;
  readonly endpoint: Endpoint;
}

/** A relay engine under a clock that tests move by hand, with everything it did written down. */
export class RecordedRelay {
  nowMs = 1_000;
  readonly engine: RelayEngine;
  /** Messages by lane, oldest first. */
  readonly messages = new Map<LaneId, RelayMessage[]>();
  readonly closed: LaneId[] = [];
  /** Messages to lanes that were not open: there must be none. */
  strayMessages = 0;
  readonly datagrams: { readonly bytes: Uint8Array; readonly to: Endpoint }[] = [];
  readonly #mac: Mac;
  readonly #open = new Set<LaneId>();
  #nextLane: LaneId = 1;
  #clockMicroseconds = 0;

  constructor(options: Partial<RelayOptions> & { readonly mac: Mac }) {
    const rng = createRng(1);
    this.#mac = options.mac;
    this.engine = new RelayEngine({
      roomName: 'Recorded room',
      maxMembers: 10,
      channels: simChannels,
      randomToken: () => Math.floor(rng.next() * 2 ** 32),
      randomPathKey: () => Uint8Array.from({ length: 32 }, () => Math.floor(rng.next() * 256)),
      ...options,
    });
  }

  readonly out: RelayOut = {
    sendDatagram: (bytes, lengthBytes, to) => {
      this.datagrams.push({ bytes: bytes.slice(0, lengthBytes), to: { ...to } });
    },
    sendControl: (lane, message) => {
      if (!this.#open.has(lane)) this.strayMessages += 1;
      const messages = this.messages.get(lane);
      if (messages === undefined) this.messages.set(lane, [message]);
      else messages.push(message);
    },
    closeLane: (lane) => {
      this.#open.delete(lane);
      this.closed.push(lane);
    },
  };

  /** Opens a lane. @returns its id */
  open(): LaneId {
    const lane = this.#nextLane;
    this.#nextLane += 1;
    this.#open.add(lane);
    this.engine.handleLaneOpened(lane, this.nowMs, this.out);
    return lane;
  }

  /** The peer hangs up. */
  hangUp(lane: LaneId): void {
    this.#open.delete(lane);
    this.engine.handleLaneClosed(lane, this.nowMs, this.out);
  }

  say(lane: LaneId, message: ClientMessage): void {
    this.sayText(lane, JSON.stringify(message));
  }

  sayText(lane: LaneId, text: string): void {
    this.engine.handleLaneMessage(lane, text, this.nowMs, this.out);
  }

  /** Messages to `lane` so far; they are forgotten. */
  take(lane: LaneId): RelayMessage[] {
    const messages = this.messages.get(lane) ?? [];
    this.messages.delete(lane);
    return messages;
  }

  /** Brings somebody into the room; null when the relay refused. */
  enter(nickname: string): RecordedMember | null {
    const lane = this.open();
    this.say(lane, { type: 'hello', protocol: 1, nickname });
    const welcome = this.take(lane).find((message) => message.type === 'welcome');
    if (welcome === undefined) return null;
    const pathKey = base64UrlToBytes(welcome.pathKey);
    if (pathKey === null) return null;
    return { lane, token: welcome.token, pathKey, endpoint: { address: '192.0.2.1', port: 40_000 + lane } };
  }

  /** Lets a deadline pass: moves the clock and calls the engine whenever it wants to be called. */
  pass(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    while (true) {
      const deadlineMs = this.engine.nextDeadlineMs();
      if (deadlineMs === null || deadlineMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, deadlineMs);
      this.engine.handleDeadline(this.nowMs, this.out);
    }
    this.nowMs = untilMs;
  }

  send(bytes: Uint8Array, from: Endpoint): void {
    this.engine.handleDatagram(bytes, bytes.length, from, this.nowMs, this.out);
  }

  /** A probe with a clock that grows by one each time, unless given. */
  probe(member: RecordedMember, from: Endpoint = member.endpoint, clockMicroseconds?: number): Uint8Array {
    this.#clockMicroseconds += 1;
    const bytes = new Uint8Array(PROBE_DATAGRAM_BYTES);
    const probe = {
      kind: KIND_PROBE,
      clockMicroseconds: clockMicroseconds ?? this.#clockMicroseconds,
    } as const;
    encodeProbe(probe, member.token as SessionToken, 0 as SeqNo, member.pathKey, this.#mac, bytes);
    this.send(bytes, from);
    return bytes;
  }
}

/** A voice datagram with a four-byte payload. */
export function voiceDatagram(token: number, sequence: number, flags = 0): Uint8Array {
  const bytes = new Uint8Array(24).fill(0x5a);
  const header = createHeader();
  header.token = token as SessionToken;
  header.flags = flags;
  header.sequence = sequence as SeqNo;
  header.timestamp = (sequence * 960) >>> 0;
  const payloadOffset = encodeHeader(header, bytes);
  return bytes.subarray(0, payloadOffset + 4);
}
