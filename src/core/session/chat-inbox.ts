import type { SessionCounters } from './session-counters.ts';
import type { SessionOut } from './session-out.ts';

/**
 * Deliveries are acknowledged together, at most this much later, in ms. The relay keeps them until then, and takes so
 * many messages a second from one lane: acknowledgements must stay far below.
 */
export const SEEN_INTERVAL_MS = 500;

/** Deliveries that are acknowledged at once when they come faster. */
export const MAX_UNACKNOWLEDGED = 20;

/** What a delivery is: the next one, one seen before, or one after a hole that cannot be. */
export type DeliveryVerdict = 'next' | 'repeated' | 'outOfOrder';

/** Numbers of the chat delivered to a session: each is shown once, in order, and acknowledged. */
export class ChatInbox {
  readonly #counters: SessionCounters;
  #seen = 0;
  #unacknowledged = 0;
  #dueMs: number | null = null;

  constructor(counters: SessionCounters) {
    this.#counters = counters;
  }

  /** The newest delivery that arrived: what a hello that resumes tells. */
  get seen(): number {
    return this.#seen;
  }

  handleDelivery(delivery: number, nowMs: number, out: SessionOut): DeliveryVerdict {
    this.#counters.deliveries += 1;
    if (delivery > this.#seen + 1) {
      this.#counters.deliveriesOutOfOrder += 1;
      return 'outOfOrder';
    }
    const isNext = delivery === this.#seen + 1;
    if (isNext) {
      this.#seen = delivery;
      this.#counters.deliveriesShown += 1;
    } else {
      this.#counters.deliveriesRepeated += 1;
    }
    this.#unacknowledged += 1;
    if (this.#unacknowledged >= MAX_UNACKNOWLEDGED) this.#acknowledge(out);
    else this.#dueMs ??= nowMs + SEEN_INTERVAL_MS;
    return isNext ? 'next' : 'repeated';
  }

  /** Nothing goes out over a lane that is gone; the next hello says it. */
  handleLaneLost(): void {
    this.#unacknowledged = 0;
    this.#dueMs = null;
  }

  /** A relay that forgot deliveries we have not seen has lost them: there is nothing left to ask for. */
  handleResumed(chatSeen: number): void {
    if (chatSeen <= this.#seen) return;
    this.#counters.deliveriesMissed += chatSeen - this.#seen;
    this.#seen = chatSeen;
  }

  handleNewSession(chatSeen: number): void {
    this.#seen = chatSeen;
  }

  handleDeadline(nowMs: number, out: SessionOut): void {
    if (this.#dueMs !== null && nowMs >= this.#dueMs) this.#acknowledge(out);
  }

  nextDeadlineMs(): number | null {
    return this.#dueMs;
  }

  #acknowledge(out: SessionOut): void {
    this.#unacknowledged = 0;
    this.#dueMs = null;
    out.sendControl({ type: 'chatSeen', seen: this.#seen });
  }
}
