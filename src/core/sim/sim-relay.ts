import { assert } from '../base/assert.ts';
import type { Rng } from '../base/rng.ts';
import { type Endpoint, RelayEngine, type RelayOptions, type RelayOut } from '../relay/relay-engine.ts';
import { Alarm, type EventQueue } from './event-queue.ts';
import type { LaneNetwork } from './lane-network.ts';
import type { SeededNetwork } from './seeded-network.ts';

/** Where the simulated relay listens. */
export const RELAY_ENDPOINT: Endpoint = { address: '198.51.100.1', port: 48_480 };

/** A relay engine on the simulated networks. Its secrets come from `rng`: never do that outside a simulation. */
export class SimRelay {
  readonly #queue: EventQueue;
  readonly #network: SeededNetwork;
  readonly #lanes: LaneNetwork;
  readonly #options: RelayOptions;
  readonly #alarm: Alarm;
  readonly #out: RelayOut;
  #engine: RelayEngine | null = null;
  /** Stats of the engines that are gone, summed. */
  readonly #before: Record<string, number> = {};

  constructor(
    queue: EventQueue,
    network: SeededNetwork,
    lanes: LaneNetwork,
    rng: Rng,
    options: Omit<RelayOptions, 'randomToken' | 'randomPathKey'>,
  ) {
    this.#queue = queue;
    this.#network = network;
    this.#lanes = lanes;
    this.#options = {
      ...options,
      randomToken: () => Math.floor(rng.next() * 2 ** 32),
      randomPathKey: () => Uint8Array.from({ length: 32 }, () => Math.floor(rng.next() * 256)),
    };
    this.#alarm = new Alarm(queue, () =>
      this.#run((engine) => engine.handleDeadline(queue.nowMs, this.#out)),
    );
    this.#out = {
      sendDatagram: (bytes, lengthBytes, to) =>
        network.send(RELAY_ENDPOINT, to, bytes.subarray(0, lengthBytes)),
      sendControl: (lane, message) => lanes.sendToClient(lane, JSON.stringify(message)),
      closeLane: (lane) => lanes.closeByRelay(lane),
    };
  }

  get engine(): RelayEngine {
    assert(this.#engine !== null, 'the relay runs');
    return this.#engine;
  }

  start(): void {
    const queue = this.#queue;
    this.#engine = new RelayEngine(this.#options);
    this.#network.bind(RELAY_ENDPOINT, (bytes, source) =>
      this.#run((engine) => engine.handleDatagram(bytes, bytes.length, source, queue.nowMs, this.#out)),
    );
    this.#lanes.listen({
      handleOpened: (lane) => this.#run((engine) => engine.handleLaneOpened(lane, queue.nowMs, this.#out)),
      handleMessage: (lane, text) =>
        this.#run((engine) => engine.handleLaneMessage(lane, text, queue.nowMs, this.#out)),
      handleClosed: (lane) => this.#run((engine) => engine.handleLaneClosed(lane, queue.nowMs, this.#out)),
    });
  }

  /** The process ends without a word. */
  crash(): void {
    for (const [name, value] of Object.entries(this.engine.stats())) {
      this.#before[name] = (this.#before[name] ?? 0) + value;
    }
    this.#engine = null;
    this.#network.unbind(RELAY_ENDPOINT);
    this.#lanes.listen(null);
  }

  /** The host closes the room. */
  close(): void {
    this.engine.close(this.#queue.nowMs, this.#out);
  }

  /** A counter, over restarts. */
  stat(name: string): number {
    return (this.#engine?.stats()[name] ?? 0) + (this.#before[name] ?? 0);
  }

  /** Discarded datagrams, all reasons, over restarts. */
  discarded(): number {
    const names = new Set([...Object.keys(this.#before), ...Object.keys(this.#engine?.stats() ?? {})]);
    let sum = 0;
    for (const name of names) if (name.startsWith('discard.')) sum += this.stat(name);
    return sum;
  }

  #run(action: (engine: RelayEngine) => void): void {
    if (this.#engine === null) return;
    action(this.#engine);
    this.#alarm.set(this.#engine.nextDeadlineMs());
  }
}
