import type { Traffic } from '../../contract/admin.ts';
import type { RelayFigures } from '../../core/relay/admin-port.ts';
import type { RelayGate } from './relay-gate.ts';

/** How often the relay is asked, in ms: what the dashboard's charts show. */
export const TRAFFIC_MS = 1_000;

const DISCARD = 'discard.';

function sumOfDiscards(counters: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const [name, count] of Object.entries(counters)) if (name.startsWith(DISCARD)) sum += count;
  return sum;
}

/**
 * What the relay did between two looks at its counters. Without an earlier look, or with one of another start of the
 * relay, rates are 0.
 *
 * @param residentBytes of the whole process
 */
export function trafficBetween(
  before: RelayFigures | null,
  now: RelayFigures,
  residentBytes: number,
): Traffic {
  const count = (name: string): number => now.counters[name] ?? 0;
  const elapsedMs = before === null ? 0 : now.atMs - before.atMs;
  const perSecond = (is: number, was: number): number =>
    elapsedMs > 0 ? Math.max(0, ((is - was) * 1_000) / elapsedMs) : 0;
  const rate = (name: string): number => perSecond(count(name), before?.counters[name] ?? 0);
  const cpu = before === null || elapsedMs <= 0 ? 0 : (now.cpuMs - before.cpuMs) / elapsedMs;
  return {
    atMs: Math.round(now.atMs),
    voiceSocket: now.voiceSocket,
    members: count('members'),
    receivedPerSecond: rate('received'),
    forwardedPerSecond: rate('forwardedOut'),
    discardedPerSecond: perSecond(
      sumOfDiscards(now.counters),
      before === null ? 0 : sumOfDiscards(before.counters),
    ),
    kernelDrops: count('udpKernelDrops'),
    sendBufferFull: count('udpSendBufferFull'),
    cpu: Math.min(1, Math.max(0, cpu)),
    heapBytes: now.heapBytes,
    residentBytes,
  };
}

/** Looks at the relay once a second, and tells whoever listens. */
export class TrafficMeter {
  readonly #relay: RelayGate;
  readonly #onTraffic: (traffic: Traffic) => void;
  readonly #timer: NodeJS.Timeout;
  #before: RelayFigures | null = null;
  #latest: Traffic | null = null;
  #asking = false;

  constructor(relay: RelayGate, onTraffic: (traffic: Traffic) => void) {
    this.#relay = relay;
    this.#onTraffic = onTraffic;
    this.#timer = setInterval(() => void this.#look(), TRAFFIC_MS);
    this.#timer.unref();
  }

  /** @throws RequestRefused where the relay does not answer */
  async traffic(): Promise<Traffic> {
    return this.#latest ?? trafficBetween(null, await this.#relay.figures(), process.memoryUsage.rss());
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const figures = await this.#relay.figures();
      this.#latest = trafficBetween(this.#before, figures, process.memoryUsage.rss());
      this.#before = figures;
      this.#onTraffic(this.#latest);
    } catch {
      // Counted by the gate. A relay that is gone has no traffic to show.
      this.#latest = null;
      this.#before = null;
    } finally {
      this.#asking = false;
    }
  }
}
