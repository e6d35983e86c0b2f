import { assert } from '../base/assert.ts';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import type { ChannelConfig } from '../wire/channels.ts';
import { createHeader, encodeHeader, WHISPER_LIST_BIT } from '../wire/datagram.ts';
import {
  createProbe,
  decodeProbe,
  encodeProbe,
  KIND_PROBE,
  type Mac,
  PROBE_COOKIE_BYTES,
  PROBE_DATAGRAM_BYTES,
} from '../wire/probe.ts';
import { Forwarding } from './forwarding.ts';
import type { DatagramDiscard } from './forwarding-counters.ts';
import { type PlainAddress, packAddress, recipientsOf, unpackAddress } from './packed-address.ts';
import type { LaneId, RelayOut } from './relay-out.ts';
import { type Member, Room } from './room.ts';

export const elsewhere = { address: '203.0.113.5', port: 5 };
export const LIST = WHISPER_LIST_BIT + 1;
const config: ChannelConfig = {
  bitrate: 24_000,
  frameSamples: 960,
  redundancyCopies: 0,
  maxMembers: 10,
  listeners: false,
  enterRole: 1,
  speakRole: 1,
  whisperRole: 1,
  manageRole: 1,
  historyDays: 0,
};

/** The relay's voice path under a clock that tests move by hand, with everything it sent written down. */
export class Rig {
  nowMs = 1_000;
  readonly mac: Mac;
  readonly room: Room;
  readonly forwarding: Forwarding;
  readonly udp: { readonly bytes: Uint8Array; readonly to: PlainAddress }[] = [];
  /** Fan-outs so far, each of which is several of `udp`. */
  fanOuts = 0;
  readonly lane: { readonly bytes: Uint8Array; readonly lane: LaneId }[] = [];
  #clockMicroseconds = 0;

  constructor(mac: Mac) {
    this.mac = mac;
    const channel = (id: number) => ({
      info: { id, parent: null, name: `Channel ${id}`, locked: false, config },
      passwordHash: null,
    });
    let drawn = 0;
    this.room = new Room(
      [channel(1), channel(2)],
      10,
      () => {
        drawn += 1;
        return drawn;
      },
      () => 0,
    );
    this.forwarding = new Forwarding(this.room, { mac: this.mac, cookieKey: new Uint8Array(32).fill(9) });
  }

  readonly out: RelayOut = {
    sendDatagram: (bytes, lengthBytes, to) => {
      this.udp.push({ bytes: bytes.slice(0, lengthBytes), to: unpackAddress(to) });
    },
    fanOut: (bytes, lengthBytes, addresses, count, skip) => {
      this.fanOuts += 1;
      for (const to of recipientsOf(addresses, count, skip)) {
        this.udp.push({ bytes: bytes.slice(0, lengthBytes), to });
      }
    },
    sendLaneDatagram: (lane, bytes, lengthBytes) => {
      this.lane.push({ bytes: bytes.slice(0, lengthBytes), lane });
    },
    sendControl: () => assert(false, 'voice says nothing on the lane'),
    closeLane: () => assert(false, 'voice closes no lane'),
    checkPassword: () => assert(false, 'voice needs no password'),
    hashPassword: () => assert(false, 'voice needs no password'),
    answerAdmin: () => assert(false, 'voice answers no account'),
    tellAdmin: () => assert(false, 'voice tells accounts nothing'),
  };

  /** Somebody in channel 1, lane number = token, without an address yet. */
  enter(): Member {
    const token = this.room.drawToken();
    const member = this.room.admit(
      token,
      {
        identity: `identity ${token}`,
        nickname: `Member ${token}`,
        nicknameKey: `member ${token}`,
        lane: token,
        pathKey: new Uint8Array(32).fill(token),
        whisperKey: { key: '', signature: '' },
        role: { id: 1, name: 'Member', rank: 0, permissions: [] },
      },
      this.nowMs,
    );
    this.room.move(member, this.room.landing);
    return member;
  }

  send(bytes: Uint8Array, from: PlainAddress): void {
    const source = packAddress(from.address, from.port);
    this.forwarding.handleDatagram(bytes, bytes.length, source, this.nowMs, this.out);
    // As an adapter does that receives into the same memory again.
    source.fill(0xee);
  }

  sendByLane(member: Member, bytes: Uint8Array): void {
    this.forwarding.handleLaneDatagram(member, bytes, bytes.length, this.nowMs, this.out);
  }

  probeBytes(
    member: Member,
    change: { clock?: number; cookie?: Uint8Array | undefined; key?: Uint8Array } = {},
  ): Uint8Array {
    this.#clockMicroseconds += 1;
    const { clock = this.#clockMicroseconds, cookie = new Uint8Array(PROBE_COOKIE_BYTES) } = change;
    const bytes = new Uint8Array(PROBE_DATAGRAM_BYTES);
    const probe = { kind: KIND_PROBE, clockMicroseconds: clock, cookie } as const;
    const key = change.key ?? member.pathKey;
    encodeProbe(probe, member.token as SessionToken, 0 as SeqNo, key, this.mac, bytes);
    return bytes;
  }

  /** A probe, and another with the cookie if it was challenged. The answers are taken off the record. */
  bind(member: Member, from: PlainAddress = endpointOf(member)): void {
    this.send(this.probeBytes(member), from);
    this.send(this.probeBytes(member, { cookie: this.takeAnswer().cookie }), from);
    this.udp.length = 0;
    assert(boundTo(member)?.port === from.port, 'the cookie binds');
  }

  /** The newest datagram, which must be a probe's answer. */
  takeAnswer() {
    const bytes = this.udp.pop()?.bytes ?? this.lane.pop()?.bytes ?? new Uint8Array();
    const probe = createProbe();
    assert(decodeProbe(bytes, bytes.length, probe).ok, 'the newest datagram answers a probe');
    return { ...probe, bytes };
  }

  /** Ports of those who were sent something by UDP since the last look, in order. */
  ports(): number[] {
    return this.udp
      .splice(0)
      .map(({ to }) => to.port)
      .sort((a, b) => a - b);
  }

  lanes(): LaneId[] {
    return this.lane
      .splice(0)
      .map(({ lane }) => lane)
      .sort((a, b) => a - b);
  }

  discarded(reason: DatagramDiscard): number {
    return this.forwarding.discards[reason];
  }
}

export function endpointOf(member: Member): PlainAddress {
  return { address: '192.0.2.1', port: 40_000 + member.token };
}

/** Where the member's voice is sent, null before the first binding. */
export function boundTo(member: Member): PlainAddress | null {
  return member.address === null ? null : unpackAddress(member.address);
}

export function voice(member: Member, sequence: number, flags = 0, target = 0): Uint8Array {
  const bytes = new Uint8Array(24).fill(0x5a);
  const header = createHeader();
  Object.assign(header, { token: member.token, flags, sequence, timestamp: sequence * 960, target });
  return bytes.subarray(0, encodeHeader(header, bytes) + 4);
}

/** Three members in one channel, all bound. */
export function startRoom(mac: Mac) {
  const rig = new Rig(mac);
  const enter = (): Member => {
    const member = rig.enter();
    rig.bind(member);
    return member;
  };
  const members = [enter(), enter(), enter()] as const;
  return { rig, members };
}

export const [PORT_A, PORT_B, PORT_C] = [40_001, 40_002, 40_003] as const;

/** Datagrams that were received and not accounted for; must be 0. */
export function imbalance({ forwarding }: Rig): number {
  const { received, keepAlives, probes, laneProbes, challenges, forwardedIn, whispersIn } =
    forwarding.traffic;
  let accounted = keepAlives + probes + laneProbes + challenges + forwardedIn + whispersIn;
  for (const count of Object.values(forwarding.discards)) accounted += count;
  return received - accounted;
}
