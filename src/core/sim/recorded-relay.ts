import { base64UrlToBytes } from '../base/base64url.ts';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { createRng } from '../base/rng.ts';
import type { AdminActor, AdminCommand, AdminNews, AdminOutcome } from '../relay/admin-port.ts';
import { type PlainAddress, packAddress, recipientsOf, unpackAddress } from '../relay/packed-address.ts';
import { RelayEngine } from '../relay/relay-engine.ts';
import type { RelayOptions } from '../relay/relay-options.ts';
import type { CommandId, JobId, LaneFacts, LaneId, RelayOut } from '../relay/relay-out.ts';
import { type ClientMessage, PROTOCOL_VERSION, type RelayMessage, type Request } from '../wire/control.ts';
import { createHeader, encodeHeader, FLAG_WHISPER } from '../wire/datagram.ts';
import { LOGIN_SECRET_BYTES } from '../wire/login.ts';
import {
  createProbe,
  decodeProbe,
  encodeProbe,
  KIND_CHALLENGE,
  type Mac,
  PROBE_DATAGRAM_BYTES,
  type Probe,
} from '../wire/probe.ts';
import { MemoryStore } from './memory-store.ts';
import { freshSnapshot } from './sim-room.ts';
import { ToyEntrant } from './toy-entrant.ts';
import { toyPasswordHash } from './toy-passwords.ts';
import { addressInToyRange, isToyRange } from './toy-ranges.ts';
import { ToySignatures } from './toy-signatures.ts';

type WelcomeMessage = Extract<RelayMessage, { type: 'welcome' }>;

/** A member of a recorded relay, as its client knows it. */
export interface RecordedMember {
  readonly lane: LaneId;
  readonly token: number;
  readonly identity: string;
  readonly pathKey: Uint8Array;
  readonly endpoint: PlainAddress;
  readonly welcome: WelcomeMessage;
}

/** How somebody comes to a recorded relay. */
export interface Arrival {
  /** Another identity than the nickname's own. */
  readonly seed?: string;
  readonly address?: string;
  readonly password?: string;
  /** The session to go on with. */
  readonly resume?: { readonly token: number; readonly secret: string; readonly chatSeen: number };
}

/** A relay engine under a clock that tests move by hand, with everything it did written down. */
export class RecordedRelay {
  nowMs = 1_000;
  engine: RelayEngine;
  readonly options: RelayOptions;
  readonly store: MemoryStore;
  /** Messages by lane, oldest first. */
  readonly messages = new Map<LaneId, RelayMessage[]>();
  readonly closed: LaneId[] = [];
  /** Messages to lanes that were not open: there must be none. */
  strayMessages = 0;
  readonly datagrams: { readonly bytes: Uint8Array; readonly to: PlainAddress }[] = [];
  readonly laneDatagrams: { readonly bytes: Uint8Array; readonly lane: LaneId }[] = [];
  /** Passwords that wait for `doPasswords`. */
  readonly passwordJobs: { readonly job: JobId; readonly password: string; readonly hash: string | null }[] =
    [];
  /** Answers to commands of accounts, and what observers were told, oldest first. */
  readonly outcomes: { readonly id: CommandId; readonly outcome: AdminOutcome }[] = [];
  readonly news: AdminNews[] = [];
  readonly #signatures: ToySignatures;
  readonly #open = new Map<LaneId, LaneFacts>();
  #nextLane: LaneId = 1;
  #nextCommand: CommandId = 1;
  #clockMicroseconds = 0;

  constructor(options: Partial<RelayOptions> & { readonly mac: Mac; readonly store?: MemoryStore }) {
    const rng = createRng(1);
    this.#signatures = new ToySignatures(options.mac);
    this.store = options.store ?? new MemoryStore(options.snapshot ?? freshSnapshot());
    this.options = {
      roomName: 'Recorded room',
      maxMembers: 10,
      snapshot: this.store.snapshot(),
      ownerIdentity: null,
      startMs: this.nowMs,
      wallOriginMs: 1_700_000_000_000,
      randomU32: () => Math.floor(rng.next() * 2 ** 32),
      randomSecret: () => Uint8Array.from({ length: 32 }, () => Math.floor(rng.next() * 256)),
      sha256: (bytes) => this.#signatures.digest(bytes),
      verifySignature: (key, bytes, signature) => this.#signatures.verify(key, bytes, signature),
      isRange: isToyRange,
      addressInRange: addressInToyRange,
      ...options,
      store: this.store,
    };
    this.engine = new RelayEngine(this.options);
  }

  readonly out: RelayOut = {
    sendDatagram: (bytes, lengthBytes, to) => {
      this.datagrams.push({ bytes: bytes.slice(0, lengthBytes), to: unpackAddress(to) });
    },
    fanOut: (bytes, lengthBytes, addresses, count, skip) => {
      for (const to of recipientsOf(addresses, count, skip)) {
        this.datagrams.push({ bytes: bytes.slice(0, lengthBytes), to });
      }
    },
    sendLaneDatagram: (lane, bytes, lengthBytes) => {
      if (!this.#open.has(lane)) this.strayMessages += 1;
      this.laneDatagrams.push({ bytes: bytes.slice(0, lengthBytes), lane });
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
    checkPassword: (job, password, hash) => {
      this.passwordJobs.push({ job, password, hash });
    },
    hashPassword: (job, password) => {
      this.passwordJobs.push({ job, password, hash: null });
    },
    answerAdmin: (id, outcome) => {
      this.outcomes.push({ id, outcome });
    },
    tellAdmin: (news) => {
      this.news.push(news);
    },
  };

  /** The process ends without a word, and another begins with what the store holds. */
  restart(): void {
    this.#open.clear();
    this.engine = new RelayEngine({
      ...this.options,
      snapshot: this.store.snapshot(),
      startMs: this.nowMs,
    });
  }

  /** The identity that `enter` uses. */
  entrant(seed: string): ToyEntrant {
    return new ToyEntrant(this.#signatures, seed);
  }

  /** Opens a lane. @returns its id */
  open(address = '192.0.2.1'): LaneId {
    const lane = this.#nextLane;
    this.#nextLane += 1;
    const facts = { address, exporter: new Uint8Array(LOGIN_SECRET_BYTES).fill(lane) };
    this.#open.set(lane, facts);
    this.engine.handleLaneOpened(lane, facts, this.nowMs, this.out);
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

  /** Asks for something. @returns what was said in answer */
  ask(lane: LaneId, id: number, request: Request): RelayMessage[] {
    this.take(lane);
    this.say(lane, { type: 'request', id, request });
    this.doPasswords();
    return this.take(lane);
  }

  /** An account commands. @returns the answer; undefined: there is none yet */
  command(actor: AdminActor, command: AdminCommand): AdminOutcome | undefined {
    const id = this.#nextCommand;
    this.#nextCommand += 1;
    this.engine.handleAdminCommand(id, actor, command, this.nowMs, this.out);
    this.doPasswords();
    return this.outcomes.find((answer) => answer.id === id)?.outcome;
  }

  /** Messages to `lane` so far; they are forgotten. */
  take(lane: LaneId): RelayMessage[] {
    const messages = this.messages.get(lane) ?? [];
    this.messages.delete(lane);
    return messages;
  }

  /** Does the adapter's work with all passwords that wait. */
  doPasswords(): void {
    for (const { job, password, hash } of this.passwordJobs.splice(0)) {
      const made = toyPasswordHash(password);
      if (hash === null) this.engine.handlePasswordHashed(job, made, this.nowMs, this.out);
      else this.engine.handlePasswordChecked(job, made === hash ? 'right' : 'wrong', this.nowMs, this.out);
    }
  }

  /** Says hello and answers the challenge. @returns the lane, which may have been refused */
  greet(nickname: string, arrival: Arrival = {}): LaneId {
    const { seed = nickname, password, resume } = arrival;
    const entrant = this.entrant(seed);
    const lane = this.open(arrival.address);
    this.say(lane, {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      nickname,
      identity: entrant.identity,
      ...(password === undefined ? {} : { password }),
      ...(resume === undefined ? {} : { resume }),
    });
    const challenge = this.messages.get(lane)?.find((message) => message.type === 'challenge');
    const exporter = this.#open.get(lane)?.exporter;
    if (challenge === undefined || exporter === undefined) return lane;
    const nonce = base64UrlToBytes(challenge.nonce) ?? new Uint8Array();
    this.say(lane, {
      type: 'login',
      signature: entrant.sign(exporter, nonce),
      whisperKey: entrant.whisperKey,
    });
    this.doPasswords();
    return lane;
  }

  /** Brings somebody into the room; null when the relay refused. */
  enter(nickname: string, arrival: Arrival = {}): RecordedMember | null {
    const lane = this.greet(nickname, arrival);
    const welcome = this.take(lane).find((message) => message.type === 'welcome');
    if (welcome === undefined) return null;
    const pathKey = base64UrlToBytes(welcome.pathKey);
    if (pathKey === null) return null;
    const { identity } = this.entrant(arrival.seed ?? nickname);
    const endpoint = { address: arrival.address ?? '192.0.2.1', port: 40_000 + lane };
    return { lane, token: welcome.token, identity, pathKey, endpoint, welcome };
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

  send(bytes: Uint8Array, from: PlainAddress): void {
    const source = packAddress(from.address, from.port);
    this.engine.handleDatagram(bytes, bytes.length, source, this.nowMs, this.out);
  }

  /** A binary message of a lane. */
  sendOverLane(bytes: Uint8Array, lane: LaneId): void {
    this.engine.handleLaneDatagram(lane, bytes, bytes.length, this.nowMs, this.out);
  }

  /**
   * A probe with a clock that grows by one each time, unless given; and, where the relay asks for a cookie, the one
   * that brings it. @returns the last one
   */
  probe(
    member: RecordedMember,
    from: PlainAddress = member.endpoint,
    clockMicroseconds?: number,
  ): Uint8Array {
    const answered = this.datagrams.length;
    const probe = createProbe();
    this.#clockMicroseconds += 1;
    probe.clockMicroseconds = clockMicroseconds ?? this.#clockMicroseconds;
    const bytes = this.#encode(probe, member);
    this.send(bytes, from);
    const challenge = this.datagrams[answered];
    const asked = createProbe();
    if (challenge === undefined || !decodeProbe(challenge.bytes, challenge.bytes.length, asked).ok)
      return bytes;
    if (asked.kind !== KIND_CHALLENGE) return bytes;
    this.#clockMicroseconds += 1;
    probe.clockMicroseconds += 1;
    probe.cookie.set(asked.cookie);
    const again = this.#encode(probe, member);
    this.send(again, from);
    return again;
  }

  #encode(probe: Probe, member: RecordedMember): Uint8Array {
    const bytes = new Uint8Array(PROBE_DATAGRAM_BYTES);
    const { mac } = this.options;
    encodeProbe(probe, member.token as SessionToken, 0 as SeqNo, member.pathKey, mac, bytes);
    return bytes;
  }
}

/** A voice datagram with a four-byte payload. */
export function voiceDatagram(token: number, sequence: number, flags = 0, target = 0): Uint8Array {
  const bytes = new Uint8Array(28).fill(0x5a);
  const header = createHeader();
  header.token = token as SessionToken;
  header.flags = target === 0 ? flags : flags | FLAG_WHISPER;
  header.sequence = sequence as SeqNo;
  header.timestamp = (sequence * 960) >>> 0;
  header.target = target;
  const payloadOffset = encodeHeader(header, bytes);
  return bytes.subarray(0, payloadOffset + 4);
}
