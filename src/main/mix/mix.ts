import { assertNever } from '../../core/base/assert.ts';
import { createCounters } from '../../core/base/counters.ts';
import { createRng } from '../../core/base/rng.ts';
import type { FromRoom, ToRoom } from '../../core/program/room-link.ts';
import { MAX_CHANNELS } from '../../core/wire/channels.ts';
import type { MixPorts } from './mix-ports.ts';
import type { MixCommand, MixEvent } from './mix-protocol.ts';
import { Standing } from './standing.ts';

/** How often counters are told, and what nobody uses any more is given back, in ms. */
export const HOUSEKEEPING_MS = 1_000;

/** Gauges begin with this; all else only grows. */
const GAUGE = 'now.';

export interface MixOptions {
  readonly ports: MixPorts;
  /** Of the pauses between attempts. */
  readonly seed: number;
  readonly tell: (event: MixEvent) => void;
  readonly post: (message: FromRoom) => void;
  /** Something came from a relay: `nextDeadlineMs` may be sooner. Called within handlers, too. */
  readonly onDidStir: () => void;
}

const COUNTED = ['packets', 'packetsUnheard', 'tooManyChannels'] as const;

/**
 * The members named "Listeners" of all channels, in one thread and at one clock.
 *
 * Counted: packets = `packetsUnheard` (where nobody is, or nobody stands) + `packets.packets`, which MemberPackets and
 * RelayedVoice account for.
 */
export class Mix {
  readonly #options: MixOptions;
  readonly #standings = new Map<number, Standing>();
  readonly #counters = createCounters(COUNTED);
  /** Sums of members that are gone. */
  readonly #gone: Record<string, number> = {};
  #nextSecondMs: number;
  #closed = false;

  constructor(options: MixOptions) {
    this.#options = options;
    this.#nextSecondMs = options.ports.nowMs() + HOUSEKEEPING_MS;
  }

  handleCommand(command: MixCommand, nowMs: number): void {
    if (this.#closed) return;
    switch (command.kind) {
      case 'stand':
        this.#stand(command, nowMs);
        return;
      case 'admitted':
        this.#standings.get(command.channel)?.handleAdmitted();
        return;
      case 'withdraw':
        this.#withdraw(command.channel, nowMs);
        return;
      case 'stop':
        this.#stop(nowMs);
        return;
      default:
        assertNever(command);
    }
  }

  /** What the gateways say. */
  handleMessage(message: ToRoom, nowMs: number): void {
    if (this.#closed) return;
    const standing = this.#standings.get(message.channel);
    switch (message.kind) {
      case 'demand':
        standing?.setWanted(message.wanted);
        return;
      case 'speak':
        this.#counters.packets += 1;
        if (standing === undefined) this.#counters.packetsUnheard += 1;
        else standing.handleSpeak(message.packet, nowMs);
        return;
      case 'pause':
        standing?.handlePause(nowMs);
        return;
      default:
        assertNever(message);
    }
  }

  /** Null: it is over. */
  nextDeadlineMs(): number | null {
    if (this.#closed) return null;
    let nextMs = this.#nextSecondMs;
    for (const standing of this.#standings.values())
      nextMs = Math.min(nextMs, standing.nextDeadlineMs() ?? Number.POSITIVE_INFINITY);
    return nextMs;
  }

  /** Call it at `nextDeadlineMs`. */
  handleDeadline(nowMs: number): void {
    if (this.#closed) return;
    for (const standing of this.#standings.values()) {
      const deadlineMs = standing.nextDeadlineMs();
      if (deadlineMs !== null && nowMs >= deadlineMs) standing.handleDeadline(nowMs);
    }
    if (nowMs < this.#nextSecondMs) return;
    // Seconds that were slept through are not made up for.
    this.#nextSecondMs = Math.max(this.#nextSecondMs + HOUSEKEEPING_MS, nowMs);
    for (const standing of this.#standings.values()) standing.handleSecond(nowMs);
    this.#options.tell({ kind: 'counters', counters: this.counters() });
  }

  /** Of all channels together. */
  counters(): Record<string, number> {
    const sums: Record<string, number> = { ...this.#gone };
    for (const standing of this.#standings.values()) addInto(sums, standing.counters());
    addInto(sums, this.#counters);
    return sums;
  }

  #stand({ channel, bitrate, source }: Extract<MixCommand, { kind: 'stand' }>, nowMs: number): void {
    const known = this.#standings.get(channel);
    if (known !== undefined) {
      known.setSettings({ bitrate, source });
      return;
    }
    if (this.#standings.size >= MAX_CHANNELS) {
      this.#counters.tooManyChannels += 1;
      return;
    }
    const { seed, ...options } = this.#options;
    const rng = createRng(seed ^ channel);
    const standing = new Standing({ ...options, channel, rng }, { bitrate, source });
    this.#standings.set(channel, standing);
    standing.handleDeadline(nowMs);
  }

  #withdraw(channel: number, nowMs: number): void {
    const standing = this.#standings.get(channel);
    if (standing === undefined) return;
    standing.close(nowMs);
    this.#standings.delete(channel);
    const last = Object.entries(standing.counters()).filter(([name]) => !isGauge(name));
    addInto(this.#gone, Object.fromEntries(last));
  }

  #stop(nowMs: number): void {
    for (const channel of [...this.#standings.keys()]) this.#withdraw(channel, nowMs);
    this.#closed = true;
    this.#options.tell({ kind: 'counters', counters: this.counters() });
    this.#options.tell({ kind: 'stopped' });
  }
}

function isGauge(name: string): boolean {
  return name.startsWith(GAUGE);
}

function addInto(sums: Record<string, number>, counters: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counters)) sums[name] = (sums[name] ?? 0) + value;
}
