import { type ChatMessage, MAX_UNDELIVERED_CHATS } from '../wire/chat.ts';

/**
 * Text that waits for one member, in bytes of UTF-16, the most that a string takes in memory. By number alone a full
 * room (200 members, MAX_UNDELIVERED_CHATS messages of 4 KiB for each) would hold 0.8 GB; so it is a quarter of that, and
 * a member who is away still finds 128 of the longest messages.
 */
export const MAX_UNDELIVERED_CHAT_BYTES = 1_048_576;

/** A message under its number for one session. */
export interface Delivery {
  readonly delivery: number;
  readonly message: ChatMessage;
}

/** Chat on its way to one session: numbered without a hole, kept until it is acknowledged. */
export class Inbox {
  #delivered: number;
  #waiting: Delivery[];
  /** Text of those that wait. */
  #bytes: number;
  /** Acknowledged up to here in memory; the store is told now and then. */
  #seen = 0;
  #seenInStore = 0;

  /**
   * @param delivered number of the newest delivery that was ever made
   * @param waiting in the order of their numbers
   */
  constructor(delivered: number, waiting: readonly Delivery[]) {
    this.#waiting = [...waiting];
    this.#bytes = textBytes(waiting);
    this.#delivered = Math.max(delivered, waiting.at(-1)?.delivery ?? 0);
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** Deliveries that wait for their acknowledgement, oldest first. */
  get waiting(): readonly Delivery[] {
    return this.#waiting;
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

  /**
   * What has to make way before `text` has room: deliveries up to this number. Null: there is room.
   *
   * No text is so long that an empty inbox has no room for it.
   */
  makesWay(text: string): number | null {
    let count = this.#waiting.length + 1;
    let bytes = this.#bytes + bytesOf(text);
    let upTo: number | null = null;
    for (const { delivery, message } of this.#waiting) {
      if (count <= MAX_UNDELIVERED_CHATS && bytes <= MAX_UNDELIVERED_CHAT_BYTES) break;
      count -= 1;
      bytes -= bytesOf(message.text);
      upTo = delivery;
    }
    return upTo;
  }

  add(message: ChatMessage): Delivery {
    this.#delivered += 1;
    const delivery = { delivery: this.#delivered, message };
    this.#waiting.push(delivery);
    this.#bytes += bytesOf(message.text);
    return delivery;
  }

  /** Makes room. @returns how many deliveries were dropped */
  drop(upTo: number): number {
    const dropped = this.#waiting.filter((entry) => entry.delivery <= upTo);
    if (dropped.length === 0) return 0;
    this.#waiting = this.#waiting.slice(dropped.length);
    this.#bytes -= textBytes(dropped);
    return dropped.length;
  }

  /** @returns how many deliveries need not wait any more */
  acknowledge(upTo: number): number {
    this.#seen = Math.max(this.#seen, Math.min(upTo, this.#delivered));
    return this.drop(upTo);
  }

  handleStored(seen: number): void {
    this.#seenInStore = Math.max(this.#seenInStore, seen);
  }
}

function bytesOf(text: string): number {
  return 2 * text.length;
}

function textBytes(deliveries: readonly Delivery[]): number {
  return deliveries.reduce((bytes, { message }) => bytes + bytesOf(message.text), 0);
}
