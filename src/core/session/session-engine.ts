import { assert, assertNever } from '../base/assert.ts';
import { base64UrlToBytes } from '../base/base64url.ts';
import type { Rng } from '../base/rng.ts';
import type { ChannelInfo } from '../wire/channels.ts';
import type { ChatTarget } from '../wire/chat.ts';
import type { MemberInfo, RelayMessage, Request, VoicePath } from '../wire/control.ts';
import type { HearingReport } from '../wire/hearing.ts';
import type { WhisperPublicKey } from '../wire/key-delivery.ts';
import type { Role } from '../wire/roles.ts';
import { type Entrant, fatalRefusals, type GreetingStep, helloOf } from './greeting.ts';
import { LaneWatch } from './lane-watch.ts';
import { earliestMs, Membership } from './membership.ts';
import { parseRelayMessage } from './parse-relay-message.ts';
import { Reconnection } from './reconnection.ts';
import { createSessionCounters, type SessionCounters } from './session-counters.ts';
import { endedByFailure, endedByGivingUp, endedByLeaving, endedByRefusal } from './session-end.ts';
import type {
  LaneFailure,
  OwnKeyMessage,
  Refusal,
  RefusedMessage,
  SessionEnd,
  SessionOut,
  SessionPhase,
  WelcomeMessage,
} from './session-out.ts';

export type { Entrant } from './greeting.ts';
export { LANE_DEAD_MS, PING_INTERVAL_MS } from './lane-watch.ts';
export { RECONNECT_LIMIT_MS } from './reconnection.ts';
export type * from './session-out.ts';

/** Longest wait for a lane to open, in ms: three TCP retransmissions (1 + 2 + 4 s) and the TLS handshake. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Longest wait from our hello to the welcome, in ms: two round trips on a bad line, many times over. */
export const GREETING_TIMEOUT_MS = 10_000;

/**
 * Client's half of the control lane: connects, proves who we are, keeps what a member has in the room, and comes back
 * when the lane breaks, with the same session where the relay still holds it.
 */
export class SessionEngine {
  readonly #counters: SessionCounters = createSessionCounters();
  readonly #membership = new Membership(this.#counters);
  readonly #watch = new LaneWatch();
  readonly #reconnection: Reconnection;
  #phase: SessionPhase = 'idle';
  #greeting: GreetingStep = 'hello';
  #entrant: Entrant | null = null;
  /** What resumes the session; used up by the next welcome, which brings another. */
  #resume: { readonly token: number; readonly secret: string } | null = null;
  /** End of the current phase's patience: connecting, greeting, waiting. */
  #phaseDeadlineMs = 0;
  /** A lane is open or opening. */
  #hasLane = false;

  /** @param options.rng spreads the attempts to reconnect */
  constructor(options: { readonly rng: Rng }) {
    this.#reconnection = new Reconnection(options.rng);
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  /** Attempts to reconnect since the connection was lost, 0 while connected. */
  get attempt(): number {
    return this.#reconnection.attempt;
  }

  get token(): number | null {
    return this.#membership.roster.ownToken;
  }

  get roomName(): string {
    return this.#membership.roster.roomName;
  }

  /** In the relay's order; `channelTree` puts them into a person's. */
  get channels(): readonly ChannelInfo[] {
    return this.#membership.roster.channels;
  }

  /** All members of the room, oneself included. While reconnecting: as they were last. */
  get members(): readonly MemberInfo[] {
    return this.#membership.roster.members;
  }

  get roles(): readonly Role[] {
    return this.#membership.roster.roles;
  }

  get ownChannel(): ChannelInfo | null {
    return this.#membership.roster.ownChannel;
  }

  /** Round trip of the control lane in ms, smoothed, null while unknown. */
  get tcpPingMs(): number | null {
    return this.#watch.pingMs;
  }

  /** The newest refusal that answered no request and no chat, for the window to show. */
  get lastRefusal(): Refusal | null {
    return this.#membership.lastRefusal;
  }

  /** Requests without an answer, and chats neither taken nor failed. */
  get waiting(): { readonly requests: number; readonly chats: number } {
    return { requests: this.#membership.requests.waiting, chats: this.#membership.outbox.waiting };
  }

  get counters(): Readonly<SessionCounters> {
    return this.#counters;
  }

  /** Begins a session. Only from `idle`: leave first. */
  handleConnect(entrant: Entrant, nowMs: number, out: SessionOut): void {
    assert(this.#phase === 'idle', 'one session at a time');
    this.#entrant = entrant;
    this.#membership.handleBegin(entrant.identity);
    this.#open(nowMs, out);
  }

  handleLeave(_nowMs: number, out: SessionOut): void {
    if (this.#phase === 'idle') return;
    if (this.#phase === 'connected') out.sendControl({ type: 'bye' });
    this.#end(endedByLeaving(), out);
  }

  handleLaneOpened(nowMs: number, out: SessionOut): void {
    if (this.#phase !== 'connecting' || this.#entrant === null) return;
    this.#phase = 'greeting';
    this.#greeting = 'hello';
    this.#phaseDeadlineMs = nowMs + GREETING_TIMEOUT_MS;
    const chatSeen = this.#membership.inbox.seen;
    out.sendControl(helloOf(this.#entrant, this.#resume === null ? null : { ...this.#resume, chatSeen }));
    out.onDidChange();
  }

  /** The adapter's answer to `signLogin`, for the lane that is open. */
  handleLoginSigned(
    login: { readonly signature: string; readonly whisperKey: WhisperPublicKey },
    _nowMs: number,
    out: SessionOut,
  ): void {
    if (this.#phase !== 'greeting' || this.#greeting !== 'signing') return;
    this.#greeting = 'login';
    out.sendControl({ type: 'login', signature: login.signature, whisperKey: login.whisperKey });
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
    this.#membership.handleDeadline(nowMs, out);
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
        this.#tend(nowMs, out);
        return;
      default:
        assertNever(this.#phase);
    }
  }

  nextDeadlineMs(): number | null {
    return earliestMs(this.#laneDeadlineMs(), this.#membership.nextDeadlineMs());
  }

  /** Tells the room, now or after the next welcome. */
  setState(
    state: { readonly muted: boolean; readonly deafened: boolean },
    _nowMs: number,
    out: SessionOut,
  ): void {
    this.#membership.setState(state.muted, state.deafened, out);
  }

  /** What our voice takes, as the path engine finds out. Begins with UDP after each welcome, at the relay too. */
  setVoicePath(path: VoicePath, _nowMs: number, out: SessionOut): void {
    this.#membership.setVoicePath(path, out);
  }

  /**
   * Asks to be let into a channel; null leaves the channel and stays in the room. While disconnected it is asked for
   * after the next welcome.
   *
   * @returns the number of the request, or null when none was made: for leaving, and while disconnected
   */
  joinChannel(channel: number | null, nowMs: number, out: SessionOut, password?: string): number | null {
    return this.#membership.joinChannel(channel, password, nowMs, out);
  }

  /**
   * Registers a whisper list, now and in each new session; no targets: forgets it.
   *
   * @param list with WHISPER_LIST_BIT set
   * @param targets session tokens
   * @returns the number of the request, or null while disconnected: it is registered after the next welcome
   */
  setWhisperList(list: number, targets: readonly number[], nowMs: number, out: SessionOut): number | null {
    return this.#membership.setWhisperList(list, targets, nowMs, out);
  }

  /** Asks the relay for something. @returns the number that `onDidAnswer` will carry */
  request(request: Request, nowMs: number, out: SessionOut): number {
    return this.#membership.request(request, nowMs, out);
  }

  /**
   * Writes to a channel or to a person. While the connection is lost it waits for its return.
   *
   * @returns the number that `onDidSettleChat` will carry, or why it cannot be sent
   */
  sendChat(
    to: ChatTarget,
    text: string,
    nowMs: number,
    out: SessionOut,
  ): { readonly ok: true; readonly id: number } | { readonly ok: false; readonly sentence: string } {
    if (this.#phase === 'idle' || this.token === null)
      return { ok: false, sentence: 'You are in no room to write to.' };
    const put = this.#membership.outbox.put(to, text);
    this.#membership.sendChatWaiting(nowMs, out);
    return put;
  }

  /** Passes a key message on. @returns false when there is no connection: it was dropped, and counted */
  sendKey(message: OwnKeyMessage, _nowMs: number, out: SessionOut): boolean {
    return this.#membership.sendKey(message, out);
  }

  /**
   * Tells the relay what is lost of the others' voices, at most every HEARING_INTERVAL_MS.
   *
   * @returns false when it was dropped, and counted: without a connection, too soon, or empty
   */
  sendHearing(reports: readonly HearingReport[], nowMs: number, out: SessionOut): boolean {
    return this.#membership.sendHearing(reports, nowMs, out);
  }

  /** The relay's part of a greeting. @returns false when it is none */
  #handleAnswer(message: RelayMessage, nowMs: number, out: SessionOut): boolean {
    if (message.type === 'refused') {
      this.#handleTurnedAway(message, nowMs, out);
      return true;
    }
    if (message.type === 'welcome') return this.#handleWelcome(message, nowMs, out);
    const nonce = message.type === 'challenge' ? base64UrlToBytes(message.nonce) : null;
    if (nonce === null || this.#greeting !== 'hello') return false;
    this.#greeting = 'signing';
    out.signLogin(nonce);
    return true;
  }

  #handleTurnedAway(message: RefusedMessage, nowMs: number, out: SessionOut): void {
    this.#counters.refusals += 1;
    if (message.code === 'resumeFailed') this.#resume = null;
    // The first connection asks the person. A lost one asks again: the old session may still hold our name and place.
    if (!this.#reconnection.underWay || fatalRefusals.has(message.code)) {
      this.#end(endedByRefusal(message), out);
    } else {
      this.#closeLane(out);
      this.#fail('refused', nowMs, out);
    }
  }

  #handleWelcome(welcome: WelcomeMessage, nowMs: number, out: SessionOut): boolean {
    if (this.#greeting !== 'login') return false;
    if (welcome.resumed && welcome.token !== this.#resume?.token) return false;
    if (!this.#membership.applyWelcome(welcome)) return false;
    this.#counters.welcomes += 1;
    if (welcome.resumed) this.#counters.resumes += 1;
    this.#phase = 'connected';
    this.#resume = { token: welcome.token, secret: welcome.resumeSecret };
    this.#reconnection.handleWelcome(nowMs);
    this.#watch.begin(nowMs);
    out.onDidWelcome(welcome);
    this.#membership.handleWelcome(welcome, nowMs, out);
    this.#tend(nowMs, out);
    out.onDidChange();
    return true;
  }

  /** A message while connected. @returns false when it does not fit */
  #handleFact(message: RelayMessage, nowMs: number, out: SessionOut): boolean {
    this.#watch.handleHeard(nowMs);
    switch (message.type) {
      case 'challenge':
      case 'welcome':
        return false;
      case 'pong':
        if (!this.#watch.handlePong(message.id, nowMs)) return false;
        out.onDidChange();
        return true;
      case 'refused':
        if (message.request === null && message.chat === null && this.#handleParting(message, nowMs, out))
          return true;
        break;
      default:
    }
    const verdict = this.#membership.handleFact(message, nowMs, out);
    // A new lane brings what is missing: the relay keeps it until it is acknowledged.
    if (verdict === 'gap') this.#abandon(nowMs, out);
    return verdict === 'fits';
  }

  /** The relay parts with us, for good or for a moment. @returns false when it does not */
  #handleParting(message: RefusedMessage, nowMs: number, out: SessionOut): boolean {
    const isFatal = fatalRefusals.has(message.code);
    if (!isFatal && message.code !== 'relayRestarting') return false;
    this.#counters.refusals += 1;
    if (isFatal) this.#end(endedByRefusal(message), out);
    else this.#abandon(nowMs, out);
    return true;
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
    if (!this.#reconnection.underWay || failure === 'certificate') this.#end(endedByFailure(failure), out);
    else this.#wait(failure, nowMs, out);
  }

  /** Gives up a lane that carries a session, and looks for another. */
  #abandon(nowMs: number, out: SessionOut): void {
    this.#closeLane(out);
    this.#lose(nowMs, out);
  }

  /** A lane that had carried a session is gone. */
  #lose(nowMs: number, out: SessionOut): void {
    this.#counters.lanesLost += 1;
    this.#reconnection.handleLost(nowMs);
    this.#watch.clear();
    this.#membership.handleLaneLost(out);
    this.#wait('closed', nowMs, out);
  }

  /** @param failure what became of the last attempt */
  #wait(failure: LaneFailure, nowMs: number, out: SessionOut): void {
    const nextMs = this.#reconnection.nextAttemptMs(nowMs);
    if (nextMs === null) {
      this.#end(endedByGivingUp(failure), out);
      return;
    }
    this.#phase = 'waiting';
    this.#phaseDeadlineMs = nextMs;
    out.onDidChange();
  }

  #end(end: SessionEnd, out: SessionOut): void {
    this.#phase = 'idle';
    this.#reconnection.reset();
    this.#resume = null;
    this.#membership.handleEnd(out);
    this.#watch.clear();
    this.#closeLane(out);
    out.onDidEnd(end);
    out.onDidChange();
  }

  #closeLane(out: SessionOut): void {
    if (!this.#hasLane) return;
    this.#hasLane = false;
    out.closeLane();
  }

  #laneDeadlineMs(): number | null {
    if (this.#phase === 'idle') return null;
    if (this.#phase === 'connected') return this.#watch.nextDeadlineMs();
    return this.#phaseDeadlineMs;
  }

  /** Pings a lane that carries a session, or gives it up. */
  #tend(nowMs: number, out: SessionOut): void {
    const due = this.#watch.due(nowMs);
    if (due === null) return;
    if (due === 'ping') {
      this.#counters.pings += 1;
      out.sendControl({ type: 'ping', id: this.#watch.nextPing(nowMs) });
    } else {
      this.#counters.lanesDead += 1;
      this.#abandon(nowMs, out);
    }
  }
}
