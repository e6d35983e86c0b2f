import { assert } from '../base/assert.ts';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import {
  createHeader,
  type DatagramHeader,
  type DecodeFailure,
  decodeHeader,
  FLAG_CONTROL,
  FLAG_WHISPER,
  MAX_SEQUENCE,
  WHISPER_LIST_BIT,
} from '../wire/datagram.ts';
import {
  addressCookie,
  COOKIE_KEY_BYTES,
  carriesCookie,
  createProbe,
  decodeProbe,
  encodeProbe,
  KIND_CHALLENGE,
  KIND_PROBE,
  KIND_REPLY,
  type Mac,
  PROBE_DATAGRAM_BYTES,
  verifyProbe,
} from '../wire/probe.ts';
import {
  type DatagramDiscard,
  discardNames,
  probeDiscard,
  type TrafficName,
  trafficNames,
} from './forwarding-counters.ts';
import { sameAddress } from './packed-address.ts';
import { AddressList } from './recipients.ts';
import type { RelayOut } from './relay-out.ts';
import { type Member, NO_RECIPIENT } from './room.ts';

/** What the voice path asks of the room, and tells it. `Room` is one. */
export interface ForwardingRoom {
  find(token: number): Member | undefined;
  /** Remembers where the member's datagrams come from and go to. */
  bind(member: Member, source: Uint8Array): void;
}

export interface ForwardingOptions {
  readonly mac: Mac;
  /** COOKIE_KEY_BYTES, cryptographically random, this relay's own. */
  readonly cookieKey: Uint8Array;
}

/**
 * The relay's voice path: binds addresses by probes and hands voice on, unread, to the speaker's channel or to the
 * targets of a whisper, over UDP or over the lane of those whom UDP does not reach.
 *
 * `received` = `keepAlives` + `probes` + `laneProbes` + `challenges` + `forwardedIn` + `whispersIn` + all discards;
 * `forwardedOut` counts copies sent, of channel voice and whispers alike; `receivedByLane` is the part of `received`,
 * and `forwardedOutByLane` the part of `forwardedOut`, that took a lane. A whisper to a list counts once, however many
 * of its targets it reached; only if it reached none it is discarded. A registered list names nobody twice.
 * Nothing is allocated per forwarded datagram.
 */
export class Forwarding {
  readonly traffic: Readonly<Counters<TrafficName>>;
  readonly discards: Readonly<Counters<DatagramDiscard>>;
  readonly #traffic = createCounters(trafficNames);
  readonly #discards = createCounters(discardNames);
  readonly #room: ForwardingRoom;
  readonly #options: ForwardingOptions;
  readonly #header = createWideHeader();
  readonly #probe = createProbe();
  readonly #answer = new Uint8Array(PROBE_DATAGRAM_BYTES);
  /** Addresses of those whom the whisper at hand reaches; written anew for each. */
  readonly #whisperRecipients = new AddressList();

  constructor(room: ForwardingRoom, options: ForwardingOptions) {
    assert(options.cookieKey.length === COOKIE_KEY_BYTES, 'a cookie key has 32 bytes');
    this.#room = room;
    this.#options = options;
    this.traffic = this.#traffic;
    this.discards = this.#discards;
  }

  /** One UDP datagram. `source`: packed. `bytes` and `source` are not kept. */
  handleDatagram(
    bytes: Uint8Array,
    lengthBytes: number,
    source: Uint8Array,
    nowMs: number,
    out: RelayOut,
  ): void {
    if (!this.#decode(bytes, lengthBytes)) return;
    const header = this.#header;
    const member = this.#room.find(header.token);
    if (member === undefined) {
      this.#discards.unknownToken += 1;
    } else if ((header.flags & FLAG_CONTROL) !== 0) {
      this.#handleProbe(member, bytes, lengthBytes, source, nowMs, out);
    } else if (member.address === null) {
      this.#discards.notBound += 1;
    } else if (!sameAddress(member.address, source)) {
      // The address comes before the rate: a stranger with a copied token must not use up the speaker's allowance.
      this.#discards.wrongAddress += 1;
    } else {
      this.#handleVoice(member, bytes, lengthBytes, nowMs, out);
    }
  }

  /**
   * One datagram that came as a binary message over `member`'s own lane, which proves its sender: there is no address
   * to check. `bytes` are not kept.
   */
  handleLaneDatagram(
    member: Member,
    bytes: Uint8Array,
    lengthBytes: number,
    nowMs: number,
    out: RelayOut,
  ): void {
    this.#traffic.receivedByLane += 1;
    if (!this.#decode(bytes, lengthBytes)) return;
    if (this.#header.token !== member.token) {
      this.#discards.laneWrongToken += 1;
    } else if ((this.#header.flags & FLAG_CONTROL) !== 0) {
      this.#handleLaneProbe(member, bytes, lengthBytes, nowMs, out);
    } else {
      this.#handleVoice(member, bytes, lengthBytes, nowMs, out);
    }
  }

  #decode(bytes: Uint8Array, lengthBytes: number): boolean {
    this.#traffic.received += 1;
    const decoded = decodeHeader(bytes, lengthBytes, this.#header);
    if (!decoded.ok) this.#countUndecoded(decoded.reason);
    return decoded.ok;
  }

  /** Voice of a sender who is known to be `member`. */
  #handleVoice(member: Member, bytes: Uint8Array, lengthBytes: number, nowMs: number, out: RelayOut): void {
    const discards = this.#discards;
    if (!member.datagrams.take(nowMs)) {
      discards.rateLimited += 1;
      return;
    }
    if ((this.#header.flags & FLAG_WHISPER) !== 0) {
      this.#handleWhisper(member, bytes, lengthBytes, out);
      return;
    }
    const channel = member.channel;
    if (channel === null) {
      discards.notInChannel += 1;
      return;
    }
    // What a gateway says in a channel was published there by leave of an admin.
    if (member.mutedForAll || (member.rank < channel.speakRank && member.kind !== 'listeners')) {
      discards.notAllowed += 1;
      return;
    }
    this.#traffic.forwardedIn += 1;
    this.#fanOut(channel.udpRecipients, member.recipientIndex, bytes, lengthBytes, out);
    const laneRecipients = channel.laneRecipients;
    for (let at = 0; at < laneRecipients.length; at += 1) {
      const recipient = laneRecipients[at];
      if (recipient !== undefined && recipient !== member)
        this.#sendByLane(recipient, bytes, lengthBytes, out);
    }
  }

  /** @param skip index of the one who is sent nothing, or NO_RECIPIENT */
  #fanOut(
    recipients: AddressList,
    skip: number,
    bytes: Uint8Array,
    lengthBytes: number,
    out: RelayOut,
  ): void {
    const copies = recipients.count - (skip === NO_RECIPIENT ? 0 : 1);
    if (copies <= 0) return;
    this.#traffic.forwardedOut += copies;
    out.fanOut(bytes, lengthBytes, recipients.bytes, recipients.count, skip);
  }

  #handleWhisper(member: Member, bytes: Uint8Array, lengthBytes: number, out: RelayOut): void {
    const discards = this.#discards;
    // Signed: a list id in full is a number that V8 makes an object of (see RegisteredLists).
    const target = this.#header.target | 0;
    if (member.mutedForAll || member.kind === 'listeners') {
      discards.notAllowed += 1;
      return;
    }
    const recipients = this.#whisperRecipients;
    recipients.clear();
    if ((target & WHISPER_LIST_BIT) === 0) {
      const refusal = this.#whisperTo(member, target, bytes, lengthBytes, out);
      if (refusal !== null) {
        discards[refusal] += 1;
        return;
      }
    } else {
      const targets = member.whisperLists.get(target);
      if (targets === undefined) {
        discards.unknownList += 1;
        return;
      }
      let reached = 0;
      for (let at = 0; at < targets.length; at += 1) {
        const token = targets[at];
        if (token !== undefined && this.#whisperTo(member, token, bytes, lengthBytes, out) === null)
          reached += 1;
      }
      if (reached === 0) {
        discards.listReachedNobody += 1;
        return;
      }
    }
    this.#traffic.whispersIn += 1;
    this.#fanOut(recipients, NO_RECIPIENT, bytes, lengthBytes, out);
  }

  /**
   * Sends to a target on its lane at once, and puts one whom UDP reaches among `#whisperRecipients`.
   *
   * @returns why nothing goes to it, or null
   */
  #whisperTo(
    member: Member,
    token: number,
    bytes: Uint8Array,
    lengthBytes: number,
    out: RelayOut,
  ): DatagramDiscard | null {
    const target = this.#room.find(token);
    if (target === undefined) return 'unknownTarget';
    if (target === member) return 'whisperToSelf';
    if (target.channel === null || member.rank < target.channel.whisperRank) return 'whisperNotAllowed';
    // A whisper is for a person.
    if (target.kind === 'listeners') return 'whisperNotAllowed';
    if (target.deafened) return 'targetDeafened';
    if (target.path === 'lane') {
      return this.#sendByLane(target, bytes, lengthBytes, out) ? null : 'targetUnreachable';
    }
    if (target.address === null) return 'targetUnreachable';
    this.#whisperRecipients.add(target.address);
    return null;
  }

  /** @returns false when there is no lane */
  #sendByLane(recipient: Member, bytes: Uint8Array, lengthBytes: number, out: RelayOut): boolean {
    if (recipient.lane === null) return false;
    this.#traffic.forwardedOut += 1;
    this.#traffic.forwardedOutByLane += 1;
    out.sendLaneDatagram(recipient.lane, bytes, lengthBytes);
    return true;
  }

  #handleProbe(
    member: Member,
    bytes: Uint8Array,
    lengthBytes: number,
    source: Uint8Array,
    nowMs: number,
    out: RelayOut,
  ): void {
    const discards = this.#discards;
    const probe = this.#probe;
    if (!this.#decodeProbe(bytes, lengthBytes)) return;
    // Cheap and harmless without the MAC: it can only lead to a discard.
    if (member.lastProbeClock !== null && probe.clockMicroseconds <= member.lastProbeClock) {
      discards.probeReplayed += 1;
      return;
    }
    const known = member.address !== null && sameAddress(member.address, source);
    if (!(known ? member.datagrams : member.strangerProbes).take(nowMs)) {
      discards.rateLimited += 1;
      return;
    }
    const { mac, cookieKey } = this.#options;
    if (!verifyProbe(bytes, lengthBytes, member.pathKey, mac)) {
      discards.probeForged += 1;
      return;
    }
    if (!known) {
      const cookie = addressCookie(this.#header.token, source, cookieKey, mac);
      if (!carriesCookie(probe, cookie)) {
        // The source address is a claim yet. The clock stays: a copy that overtakes the probe must not silence it.
        this.#traffic.challenges += 1;
        probe.kind = KIND_CHALLENGE;
        probe.cookie.set(cookie);
        out.sendDatagram(this.#answer, this.#encodeAnswer(member), source);
        return;
      }
      this.#traffic.binds += 1;
      this.#room.bind(member, source);
    }
    this.#traffic.probes += 1;
    member.lastProbeClock = probe.clockMicroseconds;
    out.sendDatagram(this.#answer, this.#encodeReply(member), source);
  }

  /**
   * A heartbeat over the lane: it binds nothing. Its clock is not compared with those that came by UDP, which may
   * overtake it; a lane replays nothing.
   */
  #handleLaneProbe(
    member: Member,
    bytes: Uint8Array,
    lengthBytes: number,
    nowMs: number,
    out: RelayOut,
  ): void {
    if (!this.#decodeProbe(bytes, lengthBytes)) return;
    if (!member.datagrams.take(nowMs)) {
      this.#discards.rateLimited += 1;
      return;
    }
    if (!verifyProbe(bytes, lengthBytes, member.pathKey, this.#options.mac)) {
      this.#discards.probeForged += 1;
      return;
    }
    this.#traffic.laneProbes += 1;
    if (member.lane !== null) out.sendLaneDatagram(member.lane, this.#answer, this.#encodeReply(member));
  }

  /** Reads a client's probe into `#probe`; counts what is none. */
  #decodeProbe(bytes: Uint8Array, lengthBytes: number): boolean {
    const decoded = decodeProbe(bytes, lengthBytes, this.#probe);
    if (!decoded.ok) {
      this.#discards[probeDiscard(decoded.reason)] += 1;
      return false;
    }
    if (this.#probe.kind !== KIND_PROBE) {
      this.#discards.probeIsReply += 1;
      return false;
    }
    return true;
  }

  #encodeReply(member: Member): number {
    this.#probe.kind = KIND_REPLY;
    this.#probe.cookie.fill(0);
    return this.#encodeAnswer(member);
  }

  #encodeAnswer(member: Member): number {
    const { token, sequence } = this.#header;
    return encodeProbe(this.#probe, token, sequence, member.pathKey, this.#options.mac, this.#answer);
  }

  #countUndecoded(reason: DecodeFailure): void {
    if (reason === 'empty') this.#traffic.keepAlives += 1;
    else this.#discards[reason] += 1;
  }
}

/**
 * A header to decode into, whose fields have held the largest numbers. V8 gives an object another shape with the first
 * large number in each field; code that has met more than a few shapes makes an object of each large number it stores.
 */
function createWideHeader(): DatagramHeader {
  const header = createHeader();
  header.token = 0xffff_ffff as SessionToken;
  header.sequence = MAX_SEQUENCE as SeqNo;
  header.timestamp = 0xffff_ffff;
  header.target = 0xffff_ffff;
  return header;
}
