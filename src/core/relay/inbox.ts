import { type ChatMessage, MAX_UNDELIVERED_CHATS } from '../wire/chat.ts';

/** A message under its number for one session. */
export interface Delivery {
  readonly delivery: number;
  readonly message: ChatMessage;
}

/** Chat on its way to one session: numbered without a hole, kept until it is acknowledged. */
export class Inbox {
  #delivered: number;
  #waiting: Delivery[];
  /** Acknowledged up to here in memory; the store is told now and then. */
  #seen = 0;
  #seenInStore = 0;

  /**
   * @param delivered number of the newest delivery that was ever made
   * @param waiting in the order of their numbers
   */
  constructor(delivered: number, waiting: readonly Delivery[]) {
    this.#waiting = [...waiting];
    this.#delivered = Math.max(delivered, waiting.at(-1)?.delivery ?? 0);
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** Deliveries that wait for their acknowledgement, oldest first. */
  get waiting(): readonly Delivery[] {
    return this.#waiting;
  }

  get full(): boolean {
    return this.#waiting.length >= MAX_UNDELIVERED_CHATS;
  }

  /** Those that wait behind the number `sent`, oldest first. */
  behind(sent: number): readonly Delivery[] {
    return this.#waiting.slice(Math.max(0, sent - this.floor));
  }

  /** Deliveries begin behind this number. */
  get floor(): number {
    const [oldest] = this.#waiting;
    return oldest === undefined ? this.#delivered : oldest.delivery - 1;
  }

  /** What the store has not been told: everything up to here is acknowledged. Null: nothing new. */
  get unstoredSeen(): number | null {
    return this.#seen > this.#seenInStore ? this.#seen : null;
  }

  add(message: ChatMessage): Delivery {
    this.#delivered += 1;
    const delivery = { delivery: this.#delivered, message };
    this.#waiting.push(delivery);
    return delivery;
  }

  /** Makes room. @returns 1 when something was dropped */
  dropOldest(): number {
    return this.#waiting.shift() === undefined ? 0 : 1;
  }

  /** @returns how many deliveries need not wait any more */
  acknowledge(upTo: number): number {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((entry) => entry.delivery > upTo);
    this.#seen = Math.max(this.#seen, Math.min(upTo, this.#delivered));
    return before - this.#waiting.length;
  }

  handleStored(seen: number): void {
    this.#seenInStore = Math.max(this.#seenInStore, seen);
  }
}
