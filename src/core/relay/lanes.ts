import type { RefusalCode } from '../wire/refusal.ts';
import type { Rule } from '../wire/rule.ts';
import type { ControlCounters, LaneClose } from './control-counters.ts';
import { networkOf } from './network-of.ts';
import type { JobId, LaneFacts, LaneId, RelayOut } from './relay-out.ts';
import type { Session } from './session.ts';
import { TokenBucket } from './token-bucket.ts';

/** How long a lane may stay open without having logged in, in ms: slow round trips, a signature, a password check. */
export const HELLO_TIMEOUT_MS = 10_000;

/** A lane silent for this long is dead, in ms: clients ping every 10 s, so two pings in a row went missing. */
export const LANE_TIMEOUT_MS = 30_000;

/** Lanes not logged in at one time: whoever only opens lanes pushes out own such ones, not the room. */
export const MAX_UNGREETED_LANES = 64;

/**
 * Lanes and held places of one address, of IPv6 one network (see `networkOf`). More than half a room behind one NAT is a school; the limit keeps one
 * address from taking every place.
 */
export const MAX_LANES_PER_ADDRESS = 128;

/** Control messages one lane may send per second in the long run; each may be told to everybody in the room. */
export const MAX_MESSAGES_PER_SECOND = 5;

/** Control messages at once: a reconnecting client sends a handful, a person who clicks around a dozen. */
export const MAX_MESSAGE_BURST = 30;

/** Messages of keys and receipts one lane may send per second in the long run: a commit for each of a storm of joins and leaves. */
export const MAX_REACTIONS_PER_SECOND = 20;

/** Messages of keys and receipts at once: whisper keys for four full lists. What goes beyond is dropped, and the exchange tries again. */
export const MAX_REACTION_BURST = 128;

/** Bad messages before a lane is closed: a newer client may try something unknown, a fuzzer does not stop. */
export const MAX_BAD_MESSAGES = 3;

/** A hello that was answered with a challenge. */
export interface Greeting {
  readonly identity: string;
  readonly nickname: string;
  readonly nicknameKey: string;
  readonly password: string | null;
  readonly resume: { readonly token: number; readonly secret: string; readonly chatSeen: number } | null;
  readonly nonce: Uint8Array;
}

/** One control connection, from its opening to its end. */
export interface Lane {
  readonly id: LaneId;
  readonly address: string;
  /** What limits per address count it by. */
  readonly network: string;
  readonly exporter: Uint8Array;
  readonly openedMs: number;
  lastHeardMs: number;
  /** What `login` has to answer; null before the hello and after the login. */
  greeting: Greeting | null;
  /** Null until it has logged in. */
  session: Session | null;
  /** The password that is being hashed for it. */
  job: JobId | null;
  badMessages: number;
  /** It counts against the limit of its address. */
  counted: boolean;
  readonly messages: TokenBucket;
  readonly reactions: TokenBucket;
}

/** What a refusal answers; neither: the lane as a whole. */
export interface RefusalSubject {
  readonly request?: number;
  readonly chat?: number;
}

/** All open lanes: how many, from where, how long they may be silent. Knows nothing of what is said on them. */
export class Lanes {
  readonly #counters: ControlCounters;
  readonly #byId = new Map<LaneId, Lane>();
  /** In the order they were opened. */
  readonly #ungreeted = new Set<Lane>();
  readonly #perNetwork = new Map<string, number>();
  /** No lane times out before this. Traffic only moves the true deadline back, so this is looked up, not searched. */
  #earliestDeadlineMs: number | null = null;

  constructor(counters: ControlCounters) {
    this.#counters = counters;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): Lane[] {
    return [...this.#byId.values()];
  }

  find(id: LaneId): Lane | undefined {
    return this.#byId.get(id);
  }

  /** Lanes that come from that network (see `networkOf`). */
  fromNetwork(network: string): number {
    return this.#perNetwork.get(network) ?? 0;
  }

  /**
   * The one that has to go when as many lanes have not logged in as may be: of the address that has most of them, the
   * one that has waited longest. So whoever only opens lanes pushes out the own ones, not the newcomer on a slow line.
   */
  get crowdedOut(): Lane | null {
    if (this.#ungreeted.size < MAX_UNGREETED_LANES) return null;
    const oldestByNetwork = new Map<string, { readonly oldest: Lane; count: number }>();
    let busiest: { readonly oldest: Lane; count: number } | null = null;
    for (const lane of this.#ungreeted) {
      const entry = oldestByNetwork.get(lane.network) ?? { oldest: lane, count: 0 };
      entry.count += 1;
      oldestByNetwork.set(lane.network, entry);
      if (busiest === null || entry.count > busiest.count) busiest = entry;
    }
    return busiest?.oldest ?? null;
  }

  add(id: LaneId, facts: LaneFacts, nowMs: number): Lane {
    const lane: Lane = {
      id,
      address: facts.address,
      network: networkOf(facts.address),
      exporter: facts.exporter,
      openedMs: nowMs,
      lastHeardMs: nowMs,
      greeting: null,
      session: null,
      job: null,
      badMessages: 0,
      counted: true,
      messages: new TokenBucket(MAX_MESSAGES_PER_SECOND, MAX_MESSAGE_BURST, nowMs),
      reactions: new TokenBucket(MAX_REACTIONS_PER_SECOND, MAX_REACTION_BURST, nowMs),
    };
    this.#byId.set(id, lane);
    this.#ungreeted.add(lane);
    this.#perNetwork.set(lane.network, this.fromNetwork(lane.network) + 1);
    this.#expectDeadline(laneDeadlineMs(lane));
    return lane;
  }

  /** The lane has logged in. */
  attach(lane: Lane, session: Session): void {
    lane.greeting = null;
    lane.session = session;
    this.#ungreeted.delete(lane);
    // Bots and gateways come from wherever the relay is, and leave the places of that address to its people.
    if (session.member.kind !== 'person') this.#uncount(lane);
  }

  /** Forgets a lane that is closed already. Its session is the caller's to hold or to end. */
  forget(lane: Lane, why: LaneClose): void {
    if (!this.#byId.delete(lane.id)) return;
    this.#counters[why] += 1;
    this.#ungreeted.delete(lane);
    lane.session = null;
    this.#uncount(lane);
  }

  /** Forgets a lane and closes it. */
  close(lane: Lane, why: LaneClose, out: RelayOut): void {
    this.forget(lane, why);
    out.closeLane(lane.id);
  }

  refuse(
    lane: Pick<Lane, 'id'>,
    code: RefusalCode,
    rule: Rule | null,
    out: RelayOut,
    subject: RefusalSubject = {},
  ): void {
    const { request = null, chat = null } = subject;
    out.sendControl(lane.id, { type: 'refused', code, rule, request, chat });
  }

  /** Lanes whose time is over. */
  overdue(nowMs: number): Lane[] {
    if (this.#earliestDeadlineMs === null || nowMs < this.#earliestDeadlineMs) return [];
    this.#earliestDeadlineMs = null;
    const overdue: Lane[] = [];
    for (const lane of this.#byId.values()) {
      const deadlineMs = laneDeadlineMs(lane);
      if (deadlineMs > nowMs) this.#expectDeadline(deadlineMs);
      else overdue.push(lane);
    }
    return overdue;
  }

  nextDeadlineMs(): number | null {
    return this.#earliestDeadlineMs;
  }

  #uncount(lane: Lane): void {
    if (!lane.counted) return;
    lane.counted = false;
    const left = this.fromNetwork(lane.network) - 1;
    if (left > 0) this.#perNetwork.set(lane.network, left);
    else this.#perNetwork.delete(lane.network);
  }

  #expectDeadline(deadlineMs: number): void {
    if (this.#earliestDeadlineMs === null || deadlineMs < this.#earliestDeadlineMs) {
      this.#earliestDeadlineMs = deadlineMs;
    }
  }
}

function laneDeadlineMs(lane: Lane): number {
  return lane.session === null ? lane.openedMs + HELLO_TIMEOUT_MS : lane.lastHeardMs + LANE_TIMEOUT_MS;
}
