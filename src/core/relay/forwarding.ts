import { assertNever } from '../base/assert.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import {
  createHeader,
  type DatagramHeader,
  type DecodeFailure,
  decodeHeader,
  FLAG_CONTROL,
  FLAG_WHISPER,
} from '../wire/datagram.ts';
import {
  createProbe,
  decodeProbe,
  encodeProbe,
  KIND_PROBE,
  KIND_REPLY,
  type Mac,
  PROBE_DATAGRAM_BYTES,
  type ProbeFailure,
  verifyProbe,
} from '../wire/probe.ts';
import type { Endpoint, RelayOut } from './relay-out.ts';
import type { Member, Room } from './room.ts';

const discardNames = [
  'tooShort',
  'tooLong',
  'reservedFlags',
  'controlFlags',
  'sequenceTooLarge',
  'noPayload',
  'unknownToken',
  'rateLimited',
  'notBound',
  'wrongAddress',
  'whisperUnsupported',
  'notInChannel',
  'probeWrongLength',
  'probeUnknownKind',
  'probeClockTooLarge',
  'probeIsReply',
  'probeReplayed',
  'probeForged',
] as const;

/** Why a datagram went no further. */
export type DatagramDiscard = (typeof discardNames)[number];

const trafficNames = ['received', 'keepAlives', 'probes', 'forwardedIn', 'forwardedOut', 'binds'] as const;
type TrafficName = (typeof trafficNames)[number];

/**
 * The relay's voice path: binds addresses by probes and hands voice on, unread, to the speaker's channel.
 *
 * `received` = `keepAlives` + `probes` + `forwardedIn` + all discards; `forwardedOut` counts copies sent.
 * Nothing is allocated per forwarded datagram.
 */
export class Forwarding {
  readonly traffic: Readonly<Counters<TrafficName>>;
  readonly discards: Readonly<Counters<DatagramDiscard>>;
  readonly #traffic = createCounters(trafficNames);
  readonly #discards = createCounters(discardNames);
  readonly #room: Room;
  readonly #mac: Mac;
  readonly #header: DatagramHeader = createHeader();
  readonly #probe = createProbe();
  readonly #reply = new Uint8Array(PROBE_DATAGRAM_BYTES);

  constructor(room: Room, mac: Mac) {
    this.#room = room;
    this.#mac = mac;
    this.traffic = this.#traffic;
    this.discards = this.#discards;
  }

  handleDatagram(
    bytes: Uint8Array,
    lengthBytes: number,
    source: Endpoint,
    nowMs: number,
    out: RelayOut,
  ): void {
    this.#traffic.received += 1;
    const header = this.#header;
    const decoded = decodeHeader(bytes, lengthBytes, header);
    if (!decoded.ok) {
      this.#countUndecoded(decoded.reason);
      return;
    }
    const member = this.#room.find(header.token);
    if (member === undefined) {
      this.#discards.unknownToken += 1;
    } else if ((header.flags & FLAG_CONTROL) !== 0) {
      this.#handleProbe(member, bytes, lengthBytes, source, nowMs, out);
    } else {
      this.#handleVoice(member, bytes, lengthBytes, source, nowMs, out);
    }
  }

  #handleVoice(
    member: Member,
    bytes: Uint8Array,
    lengthBytes: number,
    source: Endpoint,
    nowMs: number,
    out: RelayOut,
  ): void {
    const discards = this.#discards;
    // The address comes before the rate: a stranger with a copied token must not use up the speaker's allowance.
    if (member.endpoint === null) {
      discards.notBound += 1;
      return;
    }
    if (!sameEndpoint(member.endpoint, source)) {
      discards.wrongAddress += 1;
      return;
    }
    if (!member.datagrams.take(nowMs)) {
      discards.rateLimited += 1;
      return;
    }
    if ((this.#header.flags & FLAG_WHISPER) !== 0) {
      discards.whisperUnsupported += 1;
      return;
    }
    const channel = member.channel;
    if (channel === null) {
      discards.notInChannel += 1;
      return;
    }
    this.#traffic.forwardedIn += 1;
    const recipients = channel.recipients;
    for (let at = 0; at < recipients.length; at += 1) {
      const recipient = recipients[at];
      if (recipient === undefined || recipient === member || recipient.endpoint === null) continue;
      this.#traffic.forwardedOut += 1;
      out.sendDatagram(bytes, lengthBytes, recipient.endpoint);
    }
  }

  #handleProbe(
    member: Member,
    bytes: Uint8Array,
    lengthBytes: number,
    source: Endpoint,
    nowMs: number,
    out: RelayOut,
  ): void {
    const discards = this.#discards;
    const probe = this.#probe;
    const decoded = decodeProbe(bytes, lengthBytes, probe);
    if (!decoded.ok) {
      discards[probeDiscard(decoded.reason)] += 1;
      return;
    }
    if (probe.kind !== KIND_PROBE) {
      discards.probeIsReply += 1;
      return;
    }
    // Cheap and harmless without the MAC: it can only lead to a discard.
    if (member.lastProbeClock !== null && probe.clockMicroseconds <= member.lastProbeClock) {
      discards.probeReplayed += 1;
      return;
    }
    const known = member.endpoint !== null && sameEndpoint(member.endpoint, source);
    if (!(known ? member.datagrams : member.strangerProbes).take(nowMs)) {
      discards.rateLimited += 1;
      return;
    }
    if (!verifyProbe(bytes, lengthBytes, member.pathKey, this.#mac)) {
      discards.probeForged += 1;
      return;
    }
    this.#traffic.probes += 1;
    member.lastProbeClock = probe.clockMicroseconds;
    if (!known) {
      this.#traffic.binds += 1;
      this.#room.bind(member, source);
    }
    probe.kind = KIND_REPLY;
    const { token, sequence } = this.#header;
    const replyBytes = encodeProbe(probe, token, sequence, member.pathKey, this.#mac, this.#reply);
    out.sendDatagram(this.#reply, replyBytes, source);
  }

  #countUndecoded(reason: DecodeFailure): void {
    if (reason === 'empty') this.#traffic.keepAlives += 1;
    else this.#discards[reason] += 1;
  }
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}

function probeDiscard(reason: ProbeFailure): DatagramDiscard {
  switch (reason) {
    case 'wrongLength':
      return 'probeWrongLength';
    case 'unknownKind':
      return 'probeUnknownKind';
    case 'clockTooLarge':
      return 'probeClockTooLarge';
    case 'notControl':
      // decodeHeader has seen the flag; kept so that the reasons stay a closed set.
      return 'controlFlags';
    default:
      return assertNever(reason);
  }
}
