import type { RefusalCode } from '../wire/refusal.ts';
import type { Rule } from '../wire/rule.ts';
import type { LaneClose } from './control-counters.ts';
import type { ControlFloor } from './control-floor.ts';
import { type Delivery, Inbox } from './inbox.ts';
import type { Lane } from './lanes.ts';
import { networkOf } from './network-of.ts';
import type { RelayOut } from './relay-out.ts';
import type { RelaySnapshot, StoredSession } from './relay-store.ts';
import { LISTENERS_NICKNAME_KEY, type Newcomer, nicknameKey } from './room.ts';
import { type Session, storedSession } from './session.ts';
import { TokenBucket } from './token-bucket.ts';

/** How long the place of a member whose lane broke is held, in ms: a router restarts in that time. */
export const HOLD_MS = 120_000;

/** Chat messages a member may send per second in the long run: faster than anybody writes. */
export const MAX_CHATS_PER_SECOND = 1;

/** Chat messages at once: what was written while the lane was broken. */
export const MAX_CHAT_BURST = 10;

/**
 * Chat deliveries on a lane that are not acknowledged: at their longest half a megabyte, which any reader that reads
 * at all gets through. A full inbox at once would look like a reader who does not.
 */
export const MAX_CHATS_IN_FLIGHT = 64;

/** A session that is written down and about to begin. */
export interface SessionStart {
  readonly stored: StoredSession;
  readonly newcomer: Newcomer;
  readonly address: string | null;
}

/** Members' sessions: their beginning, the time their place is held, their end. */
export class Sessions {
  readonly #floor: ControlFloor;
  readonly #byToken = new Map<number, Session>();
  /** No held place ends before this. */
  #earliestHoldMs: number | null = null;

  constructor(floor: ControlFloor) {
    this.#floor = floor;
    this.#restore(floor.options.snapshot);
  }

  all(): IterableIterator<Session> {
    return this.#byToken.values();
  }

  find(token: number): Session | undefined {
    return this.#byToken.get(token);
  }

  findIdentity(identity: string): Session | undefined {
    const member = this.#floor.room.findIdentity(identity);
    return member === undefined ? undefined : this.#byToken.get(member.token);
  }

  /** Lanes and held places that come from that network (see `networkOf`). */
  placesOf(network: string): number {
    let held = 0;
    for (const session of this.#byToken.values()) {
      if (session.member.lane !== null || session.address === null) continue;
      if (networkOf(session.address) === network) held += 1;
    }
    return held + this.#floor.lanes.fromNetwork(network);
  }

  /** Begins a session that the ledger holds already, in its channel. */
  begin(start: SessionStart, waiting: readonly Delivery[], nowMs: number): Session {
    const { stored, newcomer, address } = start;
    const { bots, mutes, room } = this.#floor;
    const member = room.admit(stored.token, newcomer, nowMs);
    member.muted = stored.muted;
    member.deafened = stored.deafened;
    member.mutedForAll = stored.mutedForAll;
    if (stored.mutedForAll) mutes.set(stored.identity, true);
    for (const { list, targets } of stored.whisperLists) member.whisperLists.set(list, targets);
    const channel = stored.channel === null ? undefined : room.channels.get(stored.channel);
    if (channel !== undefined) room.move(member, channel);
    const session: Session = {
      member,
      address,
      resumeHash: stored.resumeHash,
      previousResumeHash: stored.previousResumeHash,
      welcomed: false,
      chatTaken: stored.chatTaken,
      lastTaken: null,
      inbox: new Inbox(stored.delivered, waiting),
      chats: new TokenBucket(MAX_CHATS_PER_SECOND, MAX_CHAT_BURST, nowMs),
      heldSinceMs: stored.heldSinceMs,
      laneSentUpTo: 0,
      everSentUpTo: 0,
      holdUntilMs: 0,
    };
    this.#byToken.set(member.token, session);
    if (member.kind === 'bot') bots.handleEntered();
    return session;
  }

  /** Writes the session of a person down as it is about to be. @returns false when the store refused */
  save(session: Session, changes: Partial<StoredSession>): boolean {
    if (session.member.kind !== 'person') return true;
    return this.#floor.ledger.write((store) => store.saveSession(storedSession(session, changes)));
  }

  /**
   * The member said something on the lane there is, which nobody does before the welcome has come: the secret that it
   * was asked for with is spent, and what went out behind it counts as sent.
   */
  handleHeard(session: Session): void {
    session.welcomed = true;
    session.everSentUpTo = Math.max(session.everSentUpTo, session.laneSentUpTo);
    if (session.previousResumeHash === null) return;
    // If the store refuses, the next message tries again: spent means spent, also after a restart.
    if (this.save(session, { previousResumeHash: null })) session.previousResumeHash = null;
  }

  /** The lane is gone (and closed, or about to be): the place of a person is held. */
  hold(session: Session, nowMs: number, out: RelayOut): void {
    if (session.member.kind !== 'person') {
      this.end(session, nowMs, out);
      return;
    }
    const heldSinceMs = this.#floor.wallMs(nowMs);
    // If the store refuses, a restarted relay holds the place from its own start: nothing worse.
    this.save(session, { heldSinceMs });
    session.heldSinceMs = heldSinceMs;
    session.holdUntilMs = nowMs + HOLD_MS;
    this.#expectHold(session.holdUntilMs);
    this.#floor.counters.sessionsHeld += 1;
    this.#floor.presence.hold(session.member, nowMs, out);
  }

  /** Ends a session as its client wished, or because its time is over. */
  end(session: Session, nowMs: number, out: RelayOut): void {
    // If the store refuses, a restarted relay holds the place once more and lets it go again.
    if (session.member.kind === 'person') {
      this.#floor.ledger.write((store) => store.removeSession(session.member.token));
    }
    this.forget(session, nowMs, out);
  }

  /**
   * Ends a session that the ledger has forgotten already, and tells everybody.
   *
   * @param parting what its own lane is told before it is closed; a held session has none
   */
  forget(
    session: Session,
    nowMs: number,
    out: RelayOut,
    parting?: { readonly code: RefusalCode; readonly rule: Rule | null; readonly why: LaneClose },
  ): void {
    const { bots, lanes, counters, presence } = this.#floor;
    const lane = this.laneOf(session);
    if (lane !== undefined && parting !== undefined) {
      lanes.refuse(lane, parting.code, parting.rule, out);
      this.closeLane(lane, parting.why, out);
    }
    this.#byToken.delete(session.member.token);
    counters.left += 1;
    counters.deliveriesForgotten += session.inbox.waiting.length;
    if (session.member.kind === 'bot') bots.handleLeft(nowMs);
    presence.leave(session.member, nowMs, out);
  }

  /** Sends chat that waits, as far as the member's acknowledgements keep up with it. */
  sendChat(session: Session, out: RelayOut): void {
    const { inbox, member } = session;
    if (member.lane === null) return;
    for (const { delivery, message } of inbox.behind(session.laneSentUpTo)) {
      if (delivery - inbox.floor > MAX_CHATS_IN_FLIGHT) break;
      session.laneSentUpTo = delivery;
      if (session.welcomed) session.everSentUpTo = Math.max(session.everSentUpTo, delivery);
      out.sendControl(member.lane, { type: 'chat', delivery, message });
    }
  }

  laneOf(session: Session): Lane | undefined {
    return session.member.lane === null ? undefined : this.#floor.lanes.find(session.member.lane);
  }

  /** Closes a lane and nothing else: its session, if any, goes on without it or is ended by the caller. */
  closeLane(lane: Lane, why: LaneClose, out: RelayOut): void {
    this.#floor.passwords.forget(lane);
    this.#floor.lanes.close(lane, why, out);
  }

  handleDeadline(nowMs: number, out: RelayOut): void {
    if (this.#earliestHoldMs === null || nowMs < this.#earliestHoldMs) return;
    this.#earliestHoldMs = null;
    for (const session of [...this.#byToken.values()]) {
      if (session.member.lane !== null) continue;
      if (session.holdUntilMs > nowMs) {
        this.#expectHold(session.holdUntilMs);
      } else {
        this.#floor.counters.holdsExpired += 1;
        this.end(session, nowMs, out);
      }
    }
  }

  nextDeadlineMs(): number | null {
    return this.#earliestHoldMs;
  }

  /** Lets go of all of them without telling anybody: the relay ends. */
  clear(): void {
    const { counters, room } = this.#floor;
    for (const session of this.#byToken.values()) {
      counters.left += 1;
      counters.deliveriesForgotten += session.inbox.waiting.length;
      session.member.lane = null;
      room.remove(session.member);
    }
    this.#byToken.clear();
    this.#earliestHoldMs = null;
  }

  #restore(snapshot: RelaySnapshot): void {
    const { counters, options } = this.#floor;
    const waiting = new Map<number, Delivery[]>();
    for (const { token, delivery, message } of snapshot.deliveries) {
      const entries = waiting.get(token);
      if (entries === undefined) waiting.set(token, [{ delivery, message }]);
      else entries.push({ delivery, message });
    }
    for (const stored of snapshot.sessions) {
      if (!this.#fits(stored)) {
        counters.sessionsNotRestored += 1;
        this.#floor.ledger.write((store) => store.removeSession(stored.token));
        continue;
      }
      const entries = (waiting.get(stored.token) ?? []).sort((a, b) => a.delivery - b.delivery);
      const session = this.begin(this.#restart(stored), entries, options.startMs);
      const wallMs = this.#floor.wallMs(options.startMs);
      session.heldSinceMs ??= wallMs;
      // What of it went out before the restart nobody knows.
      session.everSentUpTo = session.inbox.delivered;
      // Never longer than from now on: the wall clock may have been set back.
      session.holdUntilMs = options.startMs + Math.min(HOLD_MS, session.heldSinceMs + HOLD_MS - wallMs);
      this.#expectHold(session.holdUntilMs);
      counters.sessionsRestored += 1;
      counters.deliveriesRestored += entries.length;
    }
  }

  /** False for what a smaller room, or a damaged database, has no place for, and for names that nobody has any more. */
  #fits(stored: StoredSession): boolean {
    const { room } = this.#floor;
    const taken = room.find(stored.token) ?? room.findIdentity(stored.identity);
    const key = nicknameKey(stored.nickname);
    if (room.full || taken !== undefined || key === LISTENERS_NICKNAME_KEY) return false;
    return room.findNickname(key) === undefined;
  }

  #restart(stored: StoredSession): SessionStart {
    const { options, roles } = this.#floor;
    const newcomer: Newcomer = {
      identity: stored.identity,
      nickname: stored.nickname,
      nicknameKey: nicknameKey(stored.nickname),
      lane: null,
      // Nobody knows it: no probe verifies before the welcome brings another.
      pathKey: options.randomSecret(),
      whisperKey: stored.whisperKey,
      role: roles.roleOf(stored.identity),
    };
    return { stored, newcomer, address: null };
  }

  #expectHold(untilMs: number): void {
    if (this.#earliestHoldMs === null || untilMs < this.#earliestHoldMs) this.#earliestHoldMs = untilMs;
  }
}
