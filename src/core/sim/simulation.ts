import { createRng } from '../base/rng.ts';
import type { Mac } from '../wire/probe.ts';
import { EventQueue } from './event-queue.ts';
import { LaneNetwork } from './lane-network.ts';
import { cleanNetwork, type Impairments, SeededNetwork } from './seeded-network.ts';
import { SimClient } from './sim-client.ts';
import { SimRelay } from './sim-relay.ts';
import { ToyEntrant } from './toy-entrant.ts';
import { ToySignatures } from './toy-signatures.ts';
import { Trace } from './trace.ts';

/** Round trip of the simulated control lanes is twice this. */
export const LANE_DELAY_MS = 15;

export interface SimulationOptions {
  readonly seed: number;
  /** HMAC-SHA256; the core has none of its own. */
  readonly mac: Mac;
  readonly impairments?: Impairments;
  readonly maxMembers?: number;
  /** The room is that client's. */
  readonly owner?: string;
}

/** A relay and any number of clients on one virtual clock. The same seed and the same calls give the same trace. */
export class Simulation {
  readonly trace = new Trace();
  readonly network: SeededNetwork;
  readonly lanes: LaneNetwork;
  readonly relay: SimRelay;
  readonly clients: SimClient[] = [];
  readonly #queue = new EventQueue();
  readonly #options: SimulationOptions;

  constructor(options: SimulationOptions) {
    const { seed, mac, impairments = cleanNetwork, maxMembers = 10, owner } = options;
    this.#options = options;
    // Each part has its own chance, so that a change in one does not shift the others.
    this.network = new SeededNetwork(this.#queue, createRng(seed ^ 0x6e65_7477), this.trace, impairments);
    this.lanes = new LaneNetwork(this.#queue, this.trace, LANE_DELAY_MS);
    const ownerIdentity = owner === undefined ? null : new ToyEntrant(new ToySignatures(mac), owner).identity;
    const rng = createRng(seed ^ 0x7265_6c61);
    this.relay = new SimRelay(this.#queue, this.network, this.lanes, {
      maxMembers,
      mac,
      ownerIdentity,
      rng,
    });
    this.relay.start();
  }

  get nowMs(): number {
    return this.#queue.nowMs;
  }

  addClient(nickname: string): SimClient {
    const speaker = this.clients.length;
    const client = new SimClient(this.#queue, this.network, this.lanes, {
      speaker,
      nickname,
      endpoint: { address: `192.0.2.${speaker + 1}`, port: 50_000 },
      // Sound devices of different people do not tick together.
      phaseMs: (speaker * 7 + 3) % 20,
      rng: createRng(this.#options.seed ^ (0x636c_6900 + speaker)),
      mac: this.#options.mac,
    });
    this.clients.push(client);
    return client;
  }

  runFor(durationMs: number): void {
    this.#queue.runFor(durationMs);
  }
}
