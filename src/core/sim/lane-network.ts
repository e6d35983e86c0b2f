import { createRng } from '../base/rng.ts';
import type { LaneFacts, LaneId } from '../relay/relay-out.ts';
import type { LaneFailure } from '../session/session-out.ts';
import { LOGIN_SECRET_BYTES } from '../wire/login.ts';
import type { EventQueue } from './event-queue.ts';
import type { Trace } from './trace.ts';

/** The client's end of a lane, as events reach it. */
export interface LaneClient {
  /** Where its connections come from. */
  readonly address: string;
  /** @param exporter what the TLS connection gives both ends for the login */
  handleOpened(exporter: Uint8Array): void;
  handleMessage(text: string): void;
  /** A binary message. */
  handleLaneDatagram(bytes: Uint8Array): void;
  handleClosed(failure: LaneFailure): void;
}

/** The relay's end of all lanes. */
export interface LaneAcceptor {
  handleOpened(lane: LaneId, facts: LaneFacts): void;
  handleMessage(lane: LaneId, text: string): void;
  handleLaneDatagram(lane: LaneId, bytes: Uint8Array): void;
  handleClosed(lane: LaneId): void;
}

interface SimLane {
  readonly client: LaneClient;
  readonly exporter: Uint8Array;
  /** Nothing passes any more and nobody is told, as when a NAT forgets a connection. */
  dead: boolean;
  clientOpen: boolean;
  relayOpen: boolean;
}

/** Control lanes: ordered, without loss, with a delay; they can be refused, broken, or go dead silently. */
export class LaneNetwork {
  readonly #queue: EventQueue;
  readonly #trace: Trace;
  readonly #delayMs: number;
  readonly #lanes = new Map<LaneId, SimLane>();
  readonly #offline = new Set<LaneClient>();
  #acceptor: LaneAcceptor | null = null;
  #nextLane: LaneId = 1;
  /** Binary messages that set out for the relay, and that arrived: lanes that break lose some. */
  readonly counters = { datagramsToRelay: 0, datagramsAtRelay: 0 };

  constructor(queue: EventQueue, trace: Trace, delayMs: number) {
    this.#queue = queue;
    this.#trace = trace;
    this.#delayMs = delayMs;
  }

  /** Who answers the port; null for nobody: connections are then refused, and open ones break. */
  listen(acceptor: LaneAcceptor | null): void {
    this.#acceptor = acceptor;
    if (acceptor !== null) return;
    for (const [id, lane] of this.#lanes) {
      lane.relayOpen = false;
      this.#tellClient(id, lane, (client) => {
        lane.clientOpen = false;
        client.handleClosed('closed');
      });
    }
  }

  /** Takes a client off the net, its open lanes included, or lets it back on (the old lanes stay dead). */
  setOffline(client: LaneClient, offline: boolean): void {
    if (!offline) {
      this.#offline.delete(client);
      return;
    }
    this.#offline.add(client);
    for (const lane of this.#lanes.values()) if (lane.client === client) lane.dead = true;
  }

  /** Breaks a client's lanes: what is on its way is lost, and both ends learn of it. */
  cut(client: LaneClient): void {
    for (const [id, lane] of this.#lanes) {
      if (lane.client !== client || lane.dead) continue;
      // Forgotten at once, so that nothing on its way arrives.
      this.#lanes.delete(id);
      const { clientOpen, relayOpen } = lane;
      lane.clientOpen = false;
      lane.relayOpen = false;
      this.#queue.schedule(this.#delayMs, () => {
        if (relayOpen) this.#acceptor?.handleClosed(id);
      });
      this.#queue.schedule(this.#delayMs, () => {
        if (clientOpen) client.handleClosed('closed');
      });
    }
  }

  open(client: LaneClient): LaneId {
    const id = this.#nextLane;
    this.#nextLane += 1;
    const exporter = exporterOf(id);
    const dead = this.#offline.has(client);
    const lane: SimLane = { client, exporter, dead, clientOpen: true, relayOpen: false };
    this.#lanes.set(id, lane);
    this.#tellRelay(id, lane, (acceptor) => {
      if (acceptor === null) {
        this.#tellClient(id, lane, () => {
          lane.clientOpen = false;
          client.handleClosed('refused');
        });
        return;
      }
      lane.relayOpen = true;
      this.#tellClient(id, lane, () => client.handleOpened(exporter));
      acceptor.handleOpened(id, { address: client.address, exporter });
    });
    return id;
  }

  sendToRelay(id: LaneId, text: string): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    this.#tellRelay(id, lane, (acceptor) => {
      if (!lane.relayOpen || acceptor === null) return;
      this.#trace.add(this.#queue.nowMs, `lane${id}> ${text}`);
      acceptor.handleMessage(id, text);
    });
  }

  sendToClient(id: LaneId, text: string): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined || !lane.relayOpen) return;
    this.#tellClient(id, lane, (client) => {
      this.#trace.add(this.#queue.nowMs, `lane${id}< ${text}`);
      client.handleMessage(text);
    });
  }

  /** Sends a copy of `bytes` as a binary message. */
  sendDatagramToRelay(id: LaneId, bytes: Uint8Array): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    const copy = bytes.slice();
    this.counters.datagramsToRelay += 1;
    this.#tellRelay(id, lane, (acceptor) => {
      if (!lane.relayOpen || acceptor === null) return;
      this.#trace.addBytes(this.#queue.nowMs, `lane${id}>`, copy);
      this.counters.datagramsAtRelay += 1;
      acceptor.handleLaneDatagram(id, copy);
    });
  }

  /** Sends a copy of `bytes` as a binary message. */
  sendDatagramToClient(id: LaneId, bytes: Uint8Array): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined || !lane.relayOpen) return;
    const copy = bytes.slice();
    this.#tellClient(id, lane, (client) => {
      this.#trace.addBytes(this.#queue.nowMs, `lane${id}<`, copy);
      client.handleLaneDatagram(copy);
    });
  }

  closeByClient(id: LaneId): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    lane.clientOpen = false;
    this.#tellRelay(id, lane, (acceptor) => {
      if (lane.relayOpen) acceptor?.handleClosed(id);
      lane.relayOpen = false;
      this.#lanes.delete(id);
    });
  }

  closeByRelay(id: LaneId): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    lane.relayOpen = false;
    this.#tellClient(id, lane, (client) => {
      lane.clientOpen = false;
      this.#lanes.delete(id);
      client.handleClosed('closed');
    });
  }

  #tellClient(id: LaneId, lane: SimLane, deliver: (client: LaneClient) => void): void {
    this.#queue.schedule(this.#delayMs, () => {
      if (this.#lanes.has(id) && lane.clientOpen && !lane.dead) deliver(lane.client);
    });
  }

  #tellRelay(id: LaneId, lane: SimLane, deliver: (acceptor: LaneAcceptor | null) => void): void {
    this.#queue.schedule(this.#delayMs, () => {
      if (this.#lanes.has(id) && !lane.dead) deliver(this.#acceptor);
    });
  }
}

/** Both ends of a TLS connection derive the same bytes, and no other connection does. */
function exporterOf(lane: LaneId): Uint8Array {
  const rng = createRng(lane);
  return Uint8Array.from({ length: LOGIN_SECRET_BYTES }, () => Math.floor(rng.next() * 256));
}
