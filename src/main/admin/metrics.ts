import { Counter, Gauge, Registry } from 'prom-client';
import type { RelayFigures } from '../../core/relay/admin-port.ts';
import { LISTENING_METRICS, placeOfListening } from './listening-metrics.ts';
import { METRICS, type MetricDefinition, placeOf } from './metric-names.ts';

/** A metric that is given its value anew for every scrape: the relay counts, this only tells. */
interface Told {
  reset(): void;
  tell(label: string | null, value: number): void;
}

function told(registry: Registry, name: string, { help, kind, label }: MetricDefinition): Told {
  const options = { name, help, labelNames: label === null ? [] : [label], registers: [registry] };
  const metric = kind === 'counter' ? new Counter(options) : new Gauge(options);
  return {
    reset: () => metric.reset(),
    tell: (value, amount) => {
      // A counter that was reset begins at 0, so adding sets it.
      if (label === null || value === null) metric.inc(amount);
      else metric.inc({ [label]: value }, amount);
    },
  };
}

/** Part of `whole` that took a lane; the rest came or went by UDP. */
interface Split {
  readonly metric: string;
  readonly whole: string;
  readonly byLane: string;
}

const SPLITS: readonly Split[] = [
  { metric: 'sidetone_relay_datagrams_received_total', whole: 'received', byLane: 'receivedByLane' },
  {
    metric: 'sidetone_relay_datagrams_forwarded_total',
    whole: 'forwardedOut',
    byLane: 'forwardedOutByLane',
  },
];

const splitNames: ReadonlySet<string> = new Set(SPLITS.flatMap(({ whole, byLane }) => [whole, byLane]));

/**
 * What a collector is told (Prometheus text format 0.0.4). One label at most, of values that stand in our program: no
 * metric names a person, a channel or an address.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #relay = new Map<string, Told>();
  readonly #listening = new Map<string, Told>();
  readonly #up: Gauge;
  readonly #cpuSeconds: Counter;
  readonly #heapBytes: Gauge;
  readonly #batched: Gauge;
  readonly #adminEvents: Counter<'event'>;
  readonly #residentBytes: Gauge;
  readonly #processSeconds: Counter;
  readonly #startedSeconds: Gauge;

  constructor(startedMs: number) {
    const registers = [this.#registry];
    for (const [name, definition] of Object.entries(METRICS))
      this.#relay.set(name, told(this.#registry, name, definition));
    for (const [name, definition] of Object.entries(LISTENING_METRICS))
      this.#listening.set(name, told(this.#registry, name, definition));
    this.#up = new Gauge({
      name: 'sidetone_relay_up',
      help: 'Whether the relay answers: 1 or 0.',
      registers,
    });
    this.#cpuSeconds = new Counter({
      name: 'sidetone_relay_cpu_seconds_total',
      help: 'Time that the relay’s thread has worked.',
      registers,
    });
    this.#heapBytes = new Gauge({
      name: 'sidetone_relay_heap_bytes',
      help: 'Heap of the relay’s thread.',
      registers,
    });
    this.#batched = new Gauge({
      name: 'sidetone_relay_voice_socket_batched',
      help: 'Whether voice goes through the native addon: 1, or 0 for Node’s own sockets.',
      registers,
    });
    this.#adminEvents = new Counter({
      name: 'sidetone_admin_events_total',
      help: 'What happened at the admin server itself.',
      labelNames: ['event'],
      registers,
    });
    this.#residentBytes = new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Resident memory of the whole process.',
      registers,
    });
    this.#processSeconds = new Counter({
      name: 'process_cpu_seconds_total',
      help: 'Time that all threads of the process have worked.',
      registers,
    });
    this.#startedSeconds = new Gauge({
      name: 'process_start_time_seconds',
      help: 'When the admin server was started, in seconds since 1970.',
      registers,
    });
    this.#startedSeconds.set(startedMs / 1_000);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /**
   * @param figures null: the relay does not answer
   * @param admin the admin server's own counters
   * @param listening those of listening
   */
  async text(
    figures: RelayFigures | null,
    admin: Readonly<Record<string, number>>,
    listening: Readonly<Record<string, number>>,
  ): Promise<string> {
    for (const metric of [...this.#relay.values(), ...this.#listening.values()]) metric.reset();
    this.#tellListening(listening);
    this.#up.set(figures === null ? 0 : 1);
    this.#cpuSeconds.reset();
    if (figures !== null) this.#tellRelay(figures);
    this.#adminEvents.reset();
    for (const [event, count] of Object.entries(admin)) this.#adminEvents.inc({ event }, count);
    this.#residentBytes.set(process.memoryUsage.rss());
    const { user, system } = process.cpuUsage();
    this.#processSeconds.reset();
    this.#processSeconds.inc((user + system) / 1_000_000);
    return this.#registry.metrics();
  }

  #tellListening(counters: Readonly<Record<string, number>>): void {
    for (const [counter, count] of Object.entries(counters)) {
      const place = count >= 0 ? placeOfListening(counter) : null;
      if (place !== null) this.#listening.get(place.name)?.tell(place.label?.value ?? null, count);
    }
  }

  #tellRelay({ counters, cpuMs, heapBytes, voiceSocket }: RelayFigures): void {
    this.#cpuSeconds.inc(cpuMs / 1_000);
    this.#heapBytes.set(heapBytes);
    this.#batched.set(voiceSocket === 'batched' ? 1 : 0);
    for (const { metric, whole, byLane } of SPLITS) {
      const lane = counters[byLane] ?? 0;
      this.#relay.get(metric)?.tell('udp', Math.max(0, (counters[whole] ?? 0) - lane));
      this.#relay.get(metric)?.tell('lane', lane);
    }
    for (const [counter, count] of Object.entries(counters)) {
      if (splitNames.has(counter) || !(count >= 0)) continue;
      const place = placeOf(counter);
      if (place !== null) this.#relay.get(place.name)?.tell(place.label?.value ?? null, count);
    }
  }
}
