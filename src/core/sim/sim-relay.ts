import { assert } from '../base/assert.ts';
import type { Rng } from '../base/rng.ts';
import { type PlainAddress, packAddress, recipientsOf, unpackAddress } from '../relay/packed-address.ts';
import { RelayEngine } from '../relay/relay-engine.ts';
import type { RelayOptions } from '../relay/relay-options.ts';
import type { RelayOut } from '../relay/relay-out.ts';
import type { Mac } from '../wire/probe.ts';
import { Alarm, type EventQueue } from './event-queue.ts';
import type { LaneNetwork } from './lane-network.ts';
import { MemoryStore } from './memory-store.ts';
import type { SeededNetwork } from './seeded-network.ts';
import { freshSnapshot } from './sim-room.ts';
import { toyPasswordHash } from './toy-passwords.ts';
import { addressInToyRange, isToyRange } from './toy-ranges.ts';
import { ToySignatures } from './toy-signatures.ts';

/** Where the simulated relay listens. */
export const RELAY_ENDPOINT: PlainAddress = { address: '198.51.100.1', port: 48_480 };

/** What a real password hash takes, in ms. */
const PASSWORD_MS = 120;

/** How long a process that restarts stays to send its farewell, in ms. */
const FAREWELL_MS = 50;

/** Any time will do: the wall clock of the simulation's start. */
const WALL_ORIGIN_MS = 1_750_000_000_000;

export interface SimRelayOptions {
  readonly maxMembers: number;
  readonly mac: Mac;
  readonly ownerIdentity: string | null;
  /** Secrets come from here: never do that outside a simulation. */
  readonly rng: Rng;
}

/** A relay engine on the simulated networks, and the store that outlives it. */
export class SimRelay {
  readonly store = new MemoryStore(freshSnapshot());
  readonly #queue: EventQueue;
  readonly #network: SeededNetwork;
  readonly #lanes: LaneNetwork;
  readonly #options: Omit<RelayOptions, 'snapshot' | 'startMs'>;
  readonly #alarm: Alarm;
  readonly #out: RelayOut;
  #engine: RelayEngine | null = null;
  /** Stats of the engines that are gone, summed. */
  readonly #before: Record<string, number> = {};

  constructor(queue: EventQueue, network: SeededNetwork, lanes: LaneNetwork, options: SimRelayOptions) {
    this.#queue = queue;
    this.#network = network;
    this.#lanes = lanes;
    const { rng, mac, maxMembers, ownerIdentity } = options;
    const signatures = new ToySignatures(mac);
    this.#options = {
      roomName: 'Simulated room',
      maxMembers,
      ownerIdentity,
      mac,
      store: this.store,
      wallOriginMs: WALL_ORIGIN_MS,
      randomU32: () => Math.floor(rng.next() * 2 ** 32),
      randomSecret: () => Uint8Array.from({ length: 32 }, () => Math.floor(rng.next() * 256)),
      sha256: (bytes) => signatures.digest(bytes),
      verifySignature: (key, bytes, signature) => signatures.verify(key, bytes, signature),
      isRange: isToyRange,
      addressInRange: addressInToyRange,
    };
    this.#alarm = new Alarm(queue, () =>
      this.#run((engine) => engine.handleDeadline(queue.nowMs, this.#out)),
    );
    this.#out = {
      sendDatagram: (bytes, lengthBytes, to) =>
        network.send(RELAY_ENDPOINT, unpackAddress(to), bytes.subarray(0, lengthBytes)),
      fanOut: (bytes, lengthBytes, addresses, count, skip) => {
        for (const to of recipientsOf(addresses, count, skip))
          network.send(RELAY_ENDPOINT, to, bytes.subarray(0, lengthBytes));
      },
      sendLaneDatagram: (lane, bytes, lengthBytes) =>
        lanes.sendDatagramToClient(lane, bytes.subarray(0, lengthBytes)),
      sendControl: (lane, message) => lanes.sendToClient(lane, JSON.stringify(message)),
      closeLane: (lane) => lanes.closeByRelay(lane),
      checkPassword: (job, password, hash) =>
        this.#afterPassword((engine) => {
          const verdict = toyPasswordHash(password) === hash ? 'right' : 'wrong';
          engine.handlePasswordChecked(job, verdict, queue.nowMs, this.#out);
        }),
      hashPassword: (job, password) =>
        this.#afterPassword((engine) =>
          engine.handlePasswordHashed(job, toyPasswordHash(password), queue.nowMs, this.#out),
        ),
      answerAdmin: () => assert(false, 'nobody administers the simulated relay'),
      tellAdmin: () => undefined,
    };
  }

  get engine(): RelayEngine {
    assert(this.#engine !== null, 'the relay runs');
    return this.#engine;
  }

  /** Begins with what the store holds. */
  start(): void {
    const queue = this.#queue;
    this.#engine = new RelayEngine({
      ...this.#options,
      snapshot: this.store.snapshot(),
      startMs: queue.nowMs,
    });
    this.#alarm.set(this.#engine.nextDeadlineMs());
    this.#network.bind(RELAY_ENDPOINT, (bytes, source) =>
      this.#run((engine) =>
        engine.handleDatagram(
          bytes,
          bytes.length,
          packAddress(source.address, source.port),
          queue.nowMs,
          this.#out,
        ),
      ),
    );
    this.#lanes.listen({
      handleOpened: (lane, facts) =>
        this.#run((engine) => engine.handleLaneOpened(lane, facts, queue.nowMs, this.#out)),
      handleMessage: (lane, text) =>
        this.#run((engine) => engine.handleLaneMessage(lane, text, queue.nowMs, this.#out)),
      handleLaneDatagram: (lane, bytes) =>
        this.#run((engine) => engine.handleLaneDatagram(lane, bytes, bytes.length, queue.nowMs, this.#out)),
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
    this.engine.close('closing', this.#queue.nowMs, this.#out);
  }

  /** Says that it restarts, and does so `downMs` later. */
  restart(downMs: number): void {
    this.engine.close('restarting', this.#queue.nowMs, this.#out);
    // What was said has to go out first.
    this.#queue.schedule(FAREWELL_MS, () => this.crash());
    this.#queue.schedule(FAREWELL_MS + downMs, () => this.start());
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

  #afterPassword(action: (engine: RelayEngine) => void): void {
    const asked = this.#engine;
    this.#queue.schedule(PASSWORD_MS, () => {
      if (this.#engine === asked) this.#run(action);
    });
  }

  #run(action: (engine: RelayEngine) => void): void {
    if (this.#engine === null) return;
    action(this.#engine);
    this.#alarm.set(this.#engine.nextDeadlineMs());
  }
}
