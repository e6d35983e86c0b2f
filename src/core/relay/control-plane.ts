import { assertNever } from '../base/assert.ts';
import { bytesToBase64Url } from '../base/base64url.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import {
  type ClientMessage,
  clientMessageSchema,
  MAX_CONTROL_LENGTH,
  PROTOCOL_VERSION,
  type RelayMessage,
} from '../wire/control.ts';
import { nicknameSchema } from '../wire/fields.ts';
import { type RefusalCode, refusalSentence } from '../wire/refusal.ts';
import type { LaneId, RelayOut } from './relay-out.ts';
import { type Member, memberInfo, nicknameKey, type Room } from './room.ts';
import { TokenBucket } from './token-bucket.ts';

/** How long a lane may stay open without a hello, in ms: two slow round trips and a person's patience. */
export const HELLO_TIMEOUT_MS = 10_000;

/** A lane silent for this long is dead, in ms: clients ping every 10 s, so two pings in a row went missing. */
export const LANE_TIMEOUT_MS = 30_000;

/** Lanes without a hello at one time: whoever only opens lanes pushes out his own oldest ones, not the room. */
export const MAX_UNGREETED_LANES = 64;

/** Control messages one lane may send per second in the long run; each may be told to everybody in the room. */
export const MAX_MESSAGES_PER_SECOND = 5;

/** Control messages at once: a reconnecting client sends a handful, a person who clicks around a dozen. */
export const MAX_MESSAGE_BURST = 30;

/** Bad messages before a lane is closed: a newer client may try something unknown, a fuzzer does not stop. */
export const MAX_BAD_MESSAGES = 3;

const counterNames = [
  'lanesOpened',
  'lanesClosedByPeer',
  'lanesClosedTooManyMessages',
  'lanesClosedBadMessages',
  'lanesClosedHelloTimeout',
  'lanesClosedSilent',
  'lanesClosedCrowded',
  'lanesClosedRefused',
  'lanesClosedBye',
  'messages',
  'messagesOnUnknownLane',
  'messagesBad',
  'messagesTooMany',
  'messagesRefused',
  'joined',
  'left',
] as const;
type CounterName = (typeof counterNames)[number];

interface Lane {
  readonly id: LaneId;
  readonly openedMs: number;
  lastHeardMs: number;
  member: Member | null;
  badMessages: number;
  readonly messages: TokenBucket;
}

export interface ControlPlaneOptions {
  readonly roomName: string;
  readonly room: Room;
  /** 32 cryptographically random bytes, a fresh array each time. */
  randomPathKey(): Uint8Array;
}

/** The relay's half of the control lanes: greets, keeps the member list, and throws out what misbehaves. */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #room: Room;
  readonly #lanes = new Map<LaneId, Lane>();
  /** In the order they were opened. */
  readonly #ungreeted = new Set<Lane>();
  readonly #counters: Counters<CounterName> = createCounters(counterNames);
  /** No lane times out before this. Traffic only moves the true deadline back, so this is looked up, not searched. */
  #earliestDeadlineMs: number | null = null;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#room = options.room;
  }

  get counters(): Readonly<Counters<CounterName>> {
    return this.#counters;
  }

  get laneCount(): number {
    return this.#lanes.size;
  }

  handleLaneOpened(id: LaneId, nowMs: number, out: RelayOut): void {
    if (this.#lanes.has(id)) return;
    this.#counters.lanesOpened += 1;
    const [oldest] = this.#ungreeted;
    if (oldest !== undefined && this.#ungreeted.size >= MAX_UNGREETED_LANES) {
      this.#closeLane(oldest, 'lanesClosedCrowded', out);
    }
    const lane: Lane = {
      id,
      openedMs: nowMs,
      lastHeardMs: nowMs,
      member: null,
      badMessages: 0,
      messages: new TokenBucket(MAX_MESSAGES_PER_SECOND, MAX_MESSAGE_BURST, nowMs),
    };
    this.#lanes.set(id, lane);
    this.#ungreeted.add(lane);
    this.#expectDeadline(laneDeadlineMs(lane));
  }

  handleLaneMessage(id: LaneId, text: string, nowMs: number, out: RelayOut): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) {
      this.#counters.messagesOnUnknownLane += 1;
      return;
    }
    this.#counters.messages += 1;
    if (!lane.messages.take(nowMs)) {
      this.#counters.messagesTooMany += 1;
      refuse(lane, 'tooManyMessages', out);
      this.#closeLane(lane, 'lanesClosedTooManyMessages', out);
      return;
    }
    const message = parseClientMessage(text);
    if (message === null) {
      this.#punish(lane, 'badMessage', out);
      return;
    }
    lane.lastHeardMs = nowMs;
    this.#handleMessage(lane, message, nowMs, out);
  }

  handleLaneClosed(id: LaneId, out: RelayOut): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    this.#counters.lanesClosedByPeer += 1;
    this.#forget(lane, out);
  }

  handleDeadline(nowMs: number, out: RelayOut): void {
    if (this.#earliestDeadlineMs === null || nowMs < this.#earliestDeadlineMs) return;
    this.#earliestDeadlineMs = null;
    for (const lane of [...this.#lanes.values()]) {
      const deadlineMs = laneDeadlineMs(lane);
      if (deadlineMs > nowMs) {
        this.#expectDeadline(deadlineMs);
      } else {
        this.#closeLane(lane, lane.member === null ? 'lanesClosedHelloTimeout' : 'lanesClosedSilent', out);
      }
    }
  }

  nextDeadlineMs(): number | null {
    return this.#earliestDeadlineMs;
  }

  /** Tells everybody that the room is closing, and closes their lanes. */
  close(out: RelayOut): void {
    const lanes = [...this.#lanes.values()];
    this.#lanes.clear();
    this.#ungreeted.clear();
    this.#earliestDeadlineMs = null;
    for (const lane of lanes) {
      if (lane.member !== null) this.#room.remove(lane.member);
      refuse(lane, 'relayClosing', out);
      out.closeLane(lane.id);
    }
  }

  #handleMessage(lane: Lane, message: ClientMessage, nowMs: number, out: RelayOut): void {
    if (message.type === 'hello') {
      this.#handleHello(lane, message.protocol, message.nickname, nowMs, out);
      return;
    }
    if (message.type === 'bye') {
      this.#closeLane(lane, 'lanesClosedBye', out);
      return;
    }
    const member = lane.member;
    if (member === null) {
      this.#punish(lane, 'helloExpected', out);
      return;
    }
    switch (message.type) {
      case 'join':
        this.#handleJoin(lane, member, message.channel, out);
        return;
      case 'leave':
        if (member.channel === null) return;
        this.#room.move(member, null);
        this.#broadcast({ type: 'memberChanged', member: memberInfo(member) }, out);
        return;
      case 'state':
        if (member.muted === message.muted && member.deafened === message.deafened) return;
        this.#room.setState(member, message.muted, message.deafened);
        this.#broadcast({ type: 'memberChanged', member: memberInfo(member) }, out);
        return;
      case 'ping':
        out.sendControl(lane.id, { type: 'pong', id: message.id });
        return;
      default:
        assertNever(message);
    }
  }

  #handleHello(lane: Lane, protocol: number, rawNickname: string, nowMs: number, out: RelayOut): void {
    if (lane.member !== null) {
      this.#punish(lane, 'alreadyGreeted', out);
      return;
    }
    if (protocol !== PROTOCOL_VERSION) {
      this.#turnAway(lane, 'versionUnsupported', out);
      return;
    }
    const nickname = nicknameSchema.safeParse(rawNickname);
    const key = nickname.success ? nicknameKey(nickname.data) : '';
    if (!nickname.success || key === '') {
      this.#turnAway(lane, 'nicknameInvalid', out);
      return;
    }
    if (this.#room.hasNickname(key)) {
      this.#turnAway(lane, 'nicknameTaken', out);
      return;
    }
    if (this.#room.full) {
      this.#turnAway(lane, 'roomFull', out);
      return;
    }
    const pathKey = this.#options.randomPathKey();
    const newcomer = { lane: lane.id, nickname: nickname.data, nicknameKey: key, pathKey };
    const member = this.#room.admit(newcomer, nowMs);
    lane.member = member;
    this.#ungreeted.delete(lane);
    this.#counters.joined += 1;
    out.sendControl(lane.id, {
      type: 'welcome',
      token: member.token,
      pathKey: bytesToBase64Url(pathKey),
      roomName: this.#options.roomName,
      channels: Array.from(this.#room.channels.values(), (channel) => channel.info),
      members: Array.from(this.#room.members(), memberInfo),
    });
    this.#broadcast({ type: 'memberJoined', member: memberInfo(member) }, out, member);
  }

  #handleJoin(lane: Lane, member: Member, channelId: number, out: RelayOut): void {
    const channel = this.#room.channels.get(channelId);
    if (channel === undefined) {
      this.#counters.messagesRefused += 1;
      refuse(lane, 'unknownChannel', out);
      return;
    }
    if (member.channel === channel) return;
    this.#room.move(member, channel);
    this.#broadcast({ type: 'memberChanged', member: memberInfo(member) }, out);
  }

  /** Answers a message that no honest client sends; the lane is closed when it does not stop. */
  #punish(lane: Lane, code: RefusalCode, out: RelayOut): void {
    this.#counters.messagesBad += 1;
    lane.badMessages += 1;
    refuse(lane, code, out);
    if (lane.badMessages >= MAX_BAD_MESSAGES) this.#closeLane(lane, 'lanesClosedBadMessages', out);
  }

  /** Answers a hello with no. The lane goes too: the next try opens its own. */
  #turnAway(lane: Lane, code: RefusalCode, out: RelayOut): void {
    this.#counters.messagesRefused += 1;
    refuse(lane, code, out);
    this.#closeLane(lane, 'lanesClosedRefused', out);
  }

  #closeLane(lane: Lane, why: CounterName, out: RelayOut): void {
    this.#counters[why] += 1;
    this.#forget(lane, out);
    out.closeLane(lane.id);
  }

  /**
   * Drops a lane, and its member with it. Holding the session for two minutes, so that a client can resume it,
   * belongs here: the member would stay in the room without a lane, and a deadline would remove it.
   */
  #forget(lane: Lane, out: RelayOut): void {
    this.#lanes.delete(lane.id);
    this.#ungreeted.delete(lane);
    const member = lane.member;
    if (member === null) return;
    lane.member = null;
    this.#room.remove(member);
    this.#counters.left += 1;
    this.#broadcast({ type: 'memberLeft', token: member.token }, out);
  }

  #broadcast(message: RelayMessage, out: RelayOut, except?: Member): void {
    for (const member of this.#room.members()) {
      if (member !== except) out.sendControl(member.lane, message);
    }
  }

  #expectDeadline(deadlineMs: number): void {
    if (this.#earliestDeadlineMs === null || deadlineMs < this.#earliestDeadlineMs) {
      this.#earliestDeadlineMs = deadlineMs;
    }
  }
}

function laneDeadlineMs(lane: Lane): number {
  return lane.member === null ? lane.openedMs + HELLO_TIMEOUT_MS : lane.lastHeardMs + LANE_TIMEOUT_MS;
}

function refuse(lane: Lane, code: RefusalCode, out: RelayOut): void {
  out.sendControl(lane.id, { type: 'refused', code, sentence: refusalSentence(code) });
}

/** A message, or null for anything that is none. */
function parseClientMessage(text: string): ClientMessage | null {
  if (text.length > MAX_CONTROL_LENGTH) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const result = clientMessageSchema.safeParse(json);
  return result.success ? result.data : null;
}
