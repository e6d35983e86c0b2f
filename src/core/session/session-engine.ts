import { assert, assertNever } from '../base/assert.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import type { Rng } from '../base/rng.ts';
import type { ChannelInfo } from '../wire/channels.ts';
import {
  MAX_CONTROL_LENGTH,
  type MemberInfo,
  PROTOCOL_VERSION,
  type RelayMessage,
  relayMessageSchema,
} from '../wire/control.ts';
import { type RefusalCode, refusalSentence } from '../wire/refusal.ts';
import { backoffMs } from './backoff.ts';
import { Roster } from './roster.ts';
import { endedByFailure, endedByGivingUp, endedByLeaving, endedByRefusal } from './session-end.ts';
import type { LaneFailure, SessionEnd, SessionOut, SessionPhase, WelcomeMessage } from './session-out.ts';
import { SmoothedPing } from './smoothed-ping.ts';

export type { LaneFailure, SessionEnd, SessionOut, SessionPhase, WelcomeMessage } from './session-out.ts';

/** Longest wait for a lane to open, in ms: three TCP retransmissions (1 + 2 + 4 s) and the TLS handshake. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Longest wait for the answer to our hello, in ms: one round trip on a bad line, many times over. */
export const GREETING_TIMEOUT_MS = 10_000;

/** Pings keep a NAT's TCP mapping open and measure the lane, in ms. */
export const PING_INTERVAL_MS = 10_000;

/** A lane without a message for this long is dead, in ms: the answers to two pings are missing. */
export const LANE_DEAD_MS = 25_000;

/** How long a lost session is tried for, in ms: as long as a relay is to hold it. */
export const RECONNECT_LIMIT_MS = 120_000;

/** Refusals that no further attempt will change. */
const fatalRefusals: ReadonlySet<RefusalCode> = new Set([
  'versionUnsupported',
  'nicknameInvalid',
  'relayClosing',
]);

const counterNames = [
  'attempts',
  'attemptsFailed',
  'welcomes',
  'lanesLost',
  'lanesDead',
  'messages',
  'messagesAccepted',
  'messagesMalformed',
  'messagesUnexpected',
  'refusals',
  'pings',
] as const;
type CounterName = (typeof counterNames)[number];

/** Client's half of the control lane: connects, greets, keeps the member list, and comes back when the lane breaks. */
export class SessionEngine {
  readonly #rng: Rng;
  readonly #roster = new Roster();
  readonly #counters: Counters<CounterName> = createCounters(counterNames);
  readonly #ping = new SmoothedPing();
  #phase: SessionPhase = 'idle';
  #nickname = '';
  #attempt = 0;
  #muted = false;
  #deafened = false;
  /** Where we were, to go back there after a reconnect; undefined until the relay has put us somewhere. */
  #wantedChannel: number | null | undefined;
  /** End of the current phase's patience: connecting, greeting, waiting. */
  #phaseDeadlineMs = 0;
  /** Null until the first welcome and while connected; after it, no new attempt begins. */
  #reconnectUntilMs: number | null = null;
  /** A lane is open or opening. */
  #hasLane = false;
  #lastHeardMs = 0;
  #nextPingMs = 0;
  #pingId = 0;
  #pingSentMs: number | null = null;
  #lastRefusal: { readonly code: RefusalCode; readonly sentence: string } | null = null;

  /** @param options.rng spreads the attempts to reconnect */
  constructor(options: { readonly rng: Rng }) {
    this.#rng = options.rng;
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  /** Attempts to reconnect since the connection was lost, 0 while connected. */
  get attempt(): number {
    return this.#attempt;
  }

  get token(): number | null {
    return this.#roster.ownToken;
  }

  get roomName(): string {
    return this.#roster.roomName;
  }

  get channels(): readonly ChannelInfo[] {
    return this.#roster.channels;
  }

  /** All members of the room, oneself included. While reconnecting: as they were last. */
  get members(): readonly MemberInfo[] {
    return this.#roster.members;
  }

  get ownChannel(): ChannelInfo | null {
    return this.#roster.ownChannel;
  }

  /** Round trip of the control lane in ms, smoothed, null while unknown. */
  get tcpPingMs(): number | null {
    return this.#ping.valueMs;
  }

  /** The last request the relay refused while connected, for the window to show. */
  get lastRefusal(): { readonly code: RefusalCode; readonly sentence: string } | null {
    return this.#lastRefusal;
  }

  /** `messages` = `messagesAccepted` + `messagesMalformed` + `messagesUnexpected`. */
  get counters(): Readonly<Counters<CounterName>> {
    return this.#counters;
  }

  /** Begins a session. Only from `idle`: leave first. */
  handleConnect(nickname: string, nowMs: number, out: SessionOut): void {
    assert(this.#phase === 'idle', 'one session at a time');
    this.#nickname = nickname;
    this.#attempt = 0;
    this.#wantedChannel = undefined;
    this.#reconnectUntilMs = null;
    this.#lastRefusal = null;
    this.#open(nowMs, out);
  }

  handleLeave(_nowMs: number, out: SessionOut): void {
    if (this.#phase === 'idle') return;
    if (this.#phase === 'connected') out.sendControl({ type: 'bye' });
    this.#end(endedByLeaving(), out);
  }

  handleLaneOpened(nowMs: number, out: SessionOut): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'greeting';
    this.#phaseDeadlineMs = nowMs + GREETING_TIMEOUT_MS;
    out.sendControl({ type: 'hello', protocol: PROTOCOL_VERSION, nickname: this.#nickname });
    out.onDidChange();
  }

  handleLaneMessage(text: string, nowMs: number, out: SessionOut): void {
    this.#counters.messages += 1;
    const message = parseRelayMessage(text);
    if (message === null) {
      this.#counters.messagesMalformed += 1;
      return;
    }
    const expected =
      this.#phase === 'greeting'
        ? this.#handleAnswer(message, nowMs, out)
        : this.#phase === 'connected' && this.#handleFact(message, nowMs, out);
    if (expected) this.#counters.messagesAccepted += 1;
    else this.#counters.messagesUnexpected += 1;
  }

  handleLaneClosed(failure: LaneFailure, nowMs: number, out: SessionOut): void {
    this.#hasLane = false;
    if (this.#phase === 'connected') this.#lose(nowMs, out);
    else if (this.#phase === 'connecting' || this.#phase === 'greeting') this.#fail(failure, nowMs, out);
  }

  /** Call at `nextDeadlineMs()` or later; earlier calls do nothing. */
  handleDeadline(nowMs: number, out: SessionOut): void {
    switch (this.#phase) {
      case 'idle':
        return;
      case 'connecting':
      case 'greeting':
        if (nowMs < this.#phaseDeadlineMs) return;
        this.#closeLane(out);
        this.#fail('timeout', nowMs, out);
        return;
      case 'waiting':
        if (nowMs >= this.#phaseDeadlineMs) this.#open(nowMs, out);
        return;
      case 'connected':
        if (nowMs >= this.#lastHeardMs + LANE_DEAD_MS) {
          this.#counters.lanesDead += 1;
          this.#closeLane(out);
          this.#lose(nowMs, out);
        } else if (nowMs >= this.#nextPingMs) {
          this.#sendPing(nowMs, out);
        }
        return;
      default:
        assertNever(this.#phase);
    }
  }

  nextDeadlineMs(): number | null {
    if (this.#phase === 'idle') return null;
    if (this.#phase === 'connected') return Math.min(this.#nextPingMs, this.#lastHeardMs + LANE_DEAD_MS);
    return this.#phaseDeadlineMs;
  }

  /** Tells the room, now or after the next welcome, and again after each reconnect. */
  setState(
    state: { readonly muted: boolean; readonly deafened: boolean },
    _nowMs: number,
    out: SessionOut,
  ): void {
    if (state.muted === this.#muted && state.deafened === this.#deafened) return;
    this.#muted = state.muted;
    this.#deafened = state.deafened;
    if (this.#phase === 'connected') this.#sendState(out);
  }

  /** Asks to be moved; null leaves the channel and stays in the room. While disconnected it is asked for later. */
  joinChannel(channel: number | null, _nowMs: number, out: SessionOut): void {
    this.#wantedChannel = channel;
    if (this.#phase === 'connected') this.#sendChannel(channel, out);
  }

  /** The relay's answer to our hello. @returns false when it is none */
  #handleAnswer(message: RelayMessage, nowMs: number, out: SessionOut): boolean {
    if (message.type === 'welcome') return this.#handleWelcome(message, nowMs, out);
    if (message.type !== 'refused') return false;
    this.#counters.refusals += 1;
    // The first connection asks the person. A lost one asks again: the old session may still hold our name and place.
    if (this.#reconnectUntilMs === null || fatalRefusals.has(message.code)) {
      this.#end(endedByRefusal(message.code), out);
    } else {
      this.#closeLane(out);
      this.#fail('refused', nowMs, out);
    }
    return true;
  }

  #handleWelcome(welcome: WelcomeMessage, nowMs: number, out: SessionOut): boolean {
    if (!this.#roster.applyWelcome(welcome)) return false;
    this.#counters.welcomes += 1;
    this.#phase = 'connected';
    this.#attempt = 0;
    this.#reconnectUntilMs = null;
    this.#lastHeardMs = nowMs;
    this.#pingSentMs = null;
    this.#ping.clear();
    if (this.#muted || this.#deafened) this.#sendState(out);
    this.#returnToChannel(out);
    // At once, so that the window has a ping to show.
    this.#sendPing(nowMs, out);
    out.onDidWelcome(welcome);
    out.onDidChange();
    return true;
  }

  /** A message while connected. @returns false when it does not fit */
  #handleFact(message: RelayMessage, nowMs: number, out: SessionOut): boolean {
    this.#lastHeardMs = nowMs;
    switch (message.type) {
      case 'welcome':
        return false;
      case 'memberJoined':
        return this.#tell(this.#roster.applyJoined(message.member), out);
      case 'memberLeft':
        return this.#tell(this.#roster.applyLeft(message.token), out);
      case 'memberChanged': {
        const known = this.#roster.applyChanged(message.member);
        if (known && message.member.token === this.#roster.ownToken)
          this.#wantedChannel = message.member.channel;
        return this.#tell(known, out);
      }
      case 'channelChanged':
        return this.#tell(this.#roster.applyChannel(message.channel), out);
      case 'refused':
        this.#counters.refusals += 1;
        if (message.code === 'relayClosing') {
          this.#end(endedByRefusal(message.code), out);
          return true;
        }
        this.#lastRefusal = { code: message.code, sentence: refusalSentence(message.code) };
        return this.#tell(true, out);
      case 'pong': {
        if (this.#pingSentMs === null || message.id !== this.#pingId) return false;
        this.#ping.add(nowMs - this.#pingSentMs);
        this.#pingSentMs = null;
        return this.#tell(true, out);
      }
      default:
        return assertNever(message);
    }
  }

  #tell(changed: boolean, out: SessionOut): boolean {
    if (changed) out.onDidChange();
    return changed;
  }

  #open(nowMs: number, out: SessionOut): void {
    this.#counters.attempts += 1;
    this.#phase = 'connecting';
    this.#phaseDeadlineMs = nowMs + CONNECT_TIMEOUT_MS;
    this.#hasLane = true;
    out.openLane();
    out.onDidChange();
  }

  /** An attempt came to nothing; its lane is gone. */
  #fail(failure: LaneFailure, nowMs: number, out: SessionOut): void {
    this.#counters.attemptsFailed += 1;
    if (this.#reconnectUntilMs === null || failure === 'certificate') {
      this.#end(endedByFailure(failure), out);
    } else if (nowMs >= this.#reconnectUntilMs) {
      this.#end(endedByGivingUp(failure), out);
    } else {
      this.#wait(nowMs, this.#reconnectUntilMs, out);
    }
  }

  /** A lane that had carried a session is gone. */
  #lose(nowMs: number, out: SessionOut): void {
    this.#counters.lanesLost += 1;
    this.#reconnectUntilMs = nowMs + RECONNECT_LIMIT_MS;
    this.#ping.clear();
    this.#wait(nowMs, this.#reconnectUntilMs, out);
  }

  /** The last attempt begins at the limit itself, so that a computer that slept through it tries once more. */
  #wait(nowMs: number, untilMs: number, out: SessionOut): void {
    this.#attempt += 1;
    this.#phase = 'waiting';
    this.#phaseDeadlineMs = Math.min(nowMs + backoffMs(this.#attempt, this.#rng), untilMs);
    out.onDidChange();
  }

  #end(end: SessionEnd, out: SessionOut): void {
    this.#phase = 'idle';
    this.#attempt = 0;
    this.#reconnectUntilMs = null;
    this.#roster.clear();
    this.#ping.clear();
    this.#closeLane(out);
    out.onDidEnd(end);
    out.onDidChange();
  }

  #closeLane(out: SessionOut): void {
    if (!this.#hasLane) return;
    this.#hasLane = false;
    out.closeLane();
  }

  #returnToChannel(out: SessionOut): void {
    const landed = this.#roster.own()?.channel ?? null;
    const wanted = this.#wantedChannel;
    if (wanted === undefined || (wanted !== null && !this.#roster.hasChannel(wanted)))
      this.#wantedChannel = landed;
    else if (wanted !== landed) this.#sendChannel(wanted, out);
  }

  #sendChannel(channel: number | null, out: SessionOut): void {
    out.sendControl(channel === null ? { type: 'leave' } : { type: 'join', channel });
  }

  #sendState(out: SessionOut): void {
    out.sendControl({ type: 'state', muted: this.#muted, deafened: this.#deafened });
  }

  #sendPing(nowMs: number, out: SessionOut): void {
    this.#counters.pings += 1;
    this.#pingId = (this.#pingId + 1) >>> 0;
    this.#pingSentMs = nowMs;
    this.#nextPingMs = nowMs + PING_INTERVAL_MS;
    out.sendControl({ type: 'ping', id: this.#pingId });
  }
}

/** A message, or null for anything that is none. */
function parseRelayMessage(text: string): RelayMessage | null {
  if (text.length > MAX_CONTROL_LENGTH) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const result = relayMessageSchema.safeParse(json);
  return result.success ? result.data : null;
}
