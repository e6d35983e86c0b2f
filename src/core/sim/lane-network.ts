import type { LaneId } from '../relay/relay-out.ts';
import type { LaneFailure } from '../session/session-out.ts';
import type { EventQueue } from './event-queue.ts';
import type { Trace } from './trace.ts';

/** The client's end of a lane, as events reach it. */
export interface LaneClient {
  handleOpened(): void;
  handleMessage(text: string): void;
  handleClosed(failure: LaneFailure): void;
}

/** The relay's end of all lanes. */
export interface LaneAcceptor {
  handleOpened(lane: LaneId): void;
  handleMessage(lane: LaneId, text: string): void;
  handleClosed(lane: LaneId): void;
}

interface SimLane {
  readonly client: LaneClient;
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

  open(client: LaneClient): LaneId {
    const id = this.#nextLane;
    this.#nextLane += 1;
    const lane: SimLane = { client, dead: this.#offline.has(client), clientOpen: true, relayOpen: false };
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
      this.#tellClient(id, lane, () => client.handleOpened());
      acceptor.handleOpened(id);
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
