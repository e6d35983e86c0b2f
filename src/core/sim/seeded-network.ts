import type { Rng } from '../base/rng.ts';
import type { PlainAddress } from '../relay/packed-address.ts';
import type { EventQueue } from './event-queue.ts';
import type { Trace } from './trace.ts';

/** What the network does to datagrams, each way. Rates are probabilities, 0 to 1. */
export interface Impairments {
  readonly delayMs: number;
  /** Up to this much more, uniform; packets overtake each other when it exceeds their distance. */
  readonly jitterMs: number;
  readonly lossRate: number;
  readonly duplicateRate: number;
  /** Share of datagrams held back by a further `reorderMs`. */
  readonly reorderRate: number;
  readonly reorderMs: number;
}

/** A wire without faults. */
export const cleanNetwork: Impairments = {
  delayMs: 15,
  jitterMs: 0,
  lossRate: 0,
  duplicateRate: 0,
  reorderRate: 0,
  reorderMs: 0,
};

export type DatagramHandler = (bytes: Uint8Array, source: PlainAddress) => void;

/** UDP between endpoints: `sent + duplicated = delivered + lost + undeliverable + inFlight`. */
export class SeededNetwork {
  readonly counters = { sent: 0, duplicated: 0, lost: 0, undeliverable: 0, delivered: 0, inFlight: 0 };
  impairments: Impairments;
  readonly #queue: EventQueue;
  readonly #rng: Rng;
  readonly #trace: Trace;
  /** Addresses whose UDP a firewall swallows, both ways. */
  readonly #blocked = new Set<string>();
  readonly #sockets = new Map<string, DatagramHandler>();

  constructor(queue: EventQueue, rng: Rng, trace: Trace, impairments: Impairments) {
    this.#queue = queue;
    this.#rng = rng;
    this.#trace = trace;
    this.impairments = impairments;
  }

  bind(endpoint: PlainAddress, handler: DatagramHandler): void {
    this.#sockets.set(endpointName(endpoint), handler);
  }

  unbind(endpoint: PlainAddress): void {
    this.#sockets.delete(endpointName(endpoint));
  }

  /** A firewall on the way to `address` lets no UDP through, or does again. */
  setBlocked(address: string, blocked: boolean): void {
    if (blocked) this.#blocked.add(address);
    else this.#blocked.delete(address);
  }

  /** Sends a copy of `bytes`. */
  send(from: PlainAddress, to: PlainAddress, bytes: Uint8Array): void {
    const { lossRate, duplicateRate } = this.impairments;
    this.counters.sent += 1;
    const isBlocked = this.#blocked.has(from.address) || this.#blocked.has(to.address);
    if (this.#rng.next() < lossRate || isBlocked) {
      this.counters.lost += 1;
      this.#trace.add(this.#queue.nowMs, `lost ${endpointName(from)}>${endpointName(to)}`);
      return;
    }
    this.#carry(from, to, bytes.slice());
    if (this.#rng.next() < duplicateRate) {
      this.counters.duplicated += 1;
      this.#carry(from, to, bytes.slice());
    }
  }

  #carry(from: PlainAddress, to: PlainAddress, bytes: Uint8Array): void {
    const { delayMs, jitterMs, reorderRate, reorderMs } = this.impairments;
    const heldMs = this.#rng.next() < reorderRate ? reorderMs : 0;
    this.counters.inFlight += 1;
    this.#queue.schedule(delayMs + this.#rng.next() * jitterMs + heldMs, () => {
      this.counters.inFlight -= 1;
      const handler = this.#sockets.get(endpointName(to));
      if (handler === undefined) {
        this.counters.undeliverable += 1;
        return;
      }
      this.counters.delivered += 1;
      this.#trace.addBytes(this.#queue.nowMs, `${endpointName(from)}>${endpointName(to)}`, bytes);
      handler(bytes, from);
    });
  }
}

function endpointName(endpoint: PlainAddress): string {
  return `${endpoint.address}:${endpoint.port}`;
}
