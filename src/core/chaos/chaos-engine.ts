import { assert } from '../base/assert.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import { createRng, type Rng } from '../base/rng.ts';
import { MAX_DATAGRAM_BYTES } from '../wire/datagram.ts';
import { BurstLoss } from './burst-loss.ts';
import {
  CHAOS_OFF,
  type ChaosSettings,
  isOff,
  isWithinLimits,
  MIN_BANDWIDTH_KBPS,
} from './chaos-settings.ts';
import { type DatagramOut, HeldDatagrams } from './held-datagrams.ts';
import { jitterDelayMs } from './jitter-delay.ts';
import { MAX_DELAY_MS, type NetworkTrace, type TraceRecorder } from './network-trace.ts';

/** What the line carries with every datagram, in bytes: headers of IPv4 (20) and UDP (8). */
export const LINE_OVERHEAD_BYTES = 28;

/** What may wait for a capped line, in ms: the buffer of a router as people have it. The rest is dropped at its tail. */
export const MAX_LINE_WAIT_MS = 500;

/**
 * How much longer a datagram is held back that is to be overtaken, in ms, at least and at most: by one to three frames
 * of 20 ms. Frames of 60 ms it lets pass only sometimes.
 */
export const REORDER_MIN_MS = 25;
export const REORDER_MAX_MS = 65;

/** `lost`: by `lossPercent`. `lineFull`: more than a capped line carries. `heldFull`: more than can be held. */
const counterNames = [
  'received',
  'copied',
  'passed',
  'lost',
  'burstLost',
  'replayLost',
  'lineFull',
  'heldFull',
  'tooLong',
  'discarded',
  'heldBack',
] as const;
type CounterName = (typeof counterNames)[number];

/** Chance of one datagram. Each takes as many numbers, whatever is switched on: see `ChaosEngine`. */
interface Dice {
  loss: number;
  burst: number;
  jitter: number;
  jitterSecond: number;
  heldBack: number;
  heldBackFor: number;
  copy: number;
  copyJitter: number;
  copyJitterSecond: number;
}

/**
 * A bad network between whoever sends datagrams and the socket.
 *
 * A datagram meets, in this order: the own line (bandwidth cap, with a queue of MAX_LINE_WAIT_MS), random loss, loss in
 * bursts, latency and jitter, reordering, duplication. Jitter does not reorder: what was sent later leaves no earlier,
 * as in the one queue that most jitter comes from (a stall, then all at once). Only `reorderPercent` lets datagrams be
 * overtaken. (Linux' netem reorders by jitter; a network path seldom does.)
 *
 * The same seed and the same times give each datagram the same fate. Each datagram takes the same count of numbers from
 * the chance, so that a change of one setting does not change what the others do.
 *
 * A change of settings acts at once: what is held leaves no later than the new latency asks, in its order.
 */
export class ChaosEngine {
  readonly #held = new HeldDatagrams();
  readonly #burstLoss = new BurstLoss();
  readonly #counters: Counters<CounterName> = createCounters(counterNames);
  readonly #dice: Dice = {
    loss: 0,
    burst: 0,
    jitter: 0,
    jitterSecond: 0,
    heldBack: 0,
    heldBackFor: 0,
    copy: 0,
    copyJitter: 0,
    copyJitterSecond: 0,
  };
  #rng: Rng;
  #settings = CHAOS_OFF;
  /** Settings are there that do something. */
  #on = false;
  #trace: NetworkTrace | null = null;
  #traceAt = 0;
  #recorder: TraceRecorder | null = null;
  /** When the last datagram leaves that keeps to the order. */
  #lastDueMs = 0;
  /** When the capped line has carried all that was given to it. */
  #lineFreeMs = 0;

  /** @param seed u32 */
  constructor(seed: number) {
    this.#rng = createRng(seed);
  }

  /** Datagrams have to pass through here; otherwise nothing is changed, held or written down. */
  get active(): boolean {
    return this.#on || this.#trace !== null || this.#recorder !== null || this.#held.size > 0;
  }

  /** Datagrams whose time has not come. */
  get held(): number {
    return this.#held.size;
  }

  /**
   * `received + copied = passed + lost + burstLost + replayLost + lineFull + heldFull + tooLong + discarded + held`.
   * `heldBack` of them are, or were, to be overtaken.
   */
  get counters(): Readonly<Counters<CounterName>> {
    return this.#counters;
  }

  /** Chance begins anew. */
  reseed(seed: number): void {
    this.#rng = createRng(seed);
    this.#burstLoss.reset();
  }

  /** @param settings within CHAOS_LIMITS */
  setSettings(settings: ChaosSettings, nowMs: number): void {
    assert(isWithinLimits(settings), 'settings of chaos are within CHAOS_LIMITS');
    this.#settings = settings;
    this.#on = !isOff(settings);
    this.#hasten(nowMs);
  }

  /**
   * From now on each datagram has the fate of the next one of `trace`, from its start, and from its start again after
   * its end; settings and chance are left out of it. Null: settings hold again.
   */
  replay(trace: NetworkTrace | null, nowMs: number): void {
    this.#trace = trace !== null && trace.length > 0 ? trace : null;
    this.#traceAt = 0;
    this.#hasten(nowMs);
  }

  /** Who writes down what becomes of each datagram; null: nobody. */
  record(recorder: TraceRecorder | null): void {
    this.#recorder = recorder;
  }

  /** Takes a datagram; it leaves, maybe during the call, maybe never, maybe twice, through `out`. */
  handleDatagram(bytes: Uint8Array, lengthBytes: number, nowMs: number, out: DatagramOut): void {
    this.handleDeadline(nowMs, out);
    this.#counters.received += 1;
    if (lengthBytes > MAX_DATAGRAM_BYTES) {
      this.#counters.tooLong += 1;
      return;
    }
    let delayMs = Number.NaN;
    let copyDelayMs = Number.NaN;
    if (this.#trace !== null) {
      delayMs = this.#nextOfTrace(this.#trace.delaysMs);
      copyDelayMs = this.#nextOfTrace(this.#trace.copyDelaysMs);
      this.#traceAt = (this.#traceAt + 1) % this.#trace.length;
      if (Number.isNaN(delayMs)) this.#counters.replayLost += 1;
    } else {
      const reason = this.#on ? this.#lossReason(lengthBytes, nowMs) : null;
      if (reason !== null) this.#counters[reason] += 1;
      else {
        delayMs = this.#delayMs(nowMs);
        copyDelayMs = this.#copyDelayMs(nowMs);
      }
    }
    delayMs = this.#send(bytes, lengthBytes, delayMs, nowMs, out);
    if (!Number.isNaN(copyDelayMs)) {
      this.#counters.copied += 1;
      copyDelayMs = this.#send(bytes, lengthBytes, copyDelayMs, nowMs, out);
    }
    this.#recorder?.add(nowMs, lengthBytes, delayMs, copyDelayMs);
  }

  /** When the next datagram is to leave; null: none is held. */
  nextDeadlineMs(): number | null {
    return this.#held.nextDueMs;
  }

  /** Lets go of what is due. Call it at `nextDeadlineMs()` or later. */
  handleDeadline(nowMs: number, out: DatagramOut): void {
    while (this.#held.releaseDue(nowMs, out)) this.#counters.passed += 1;
  }

  /** The socket has gone: what is held goes nowhere. */
  discardHeld(): void {
    this.#held.hasten(Number.NEGATIVE_INFINITY);
    while (this.#held.releaseDue(0, nowhere)) this.#counters.discarded += 1;
    this.#lastDueMs = 0;
    this.#lineFreeMs = 0;
  }

  #hasten(nowMs: number): void {
    const latestMs = this.#on && this.#trace === null ? nowMs + this.#settings.latencyMs : nowMs;
    this.#held.hasten(latestMs);
    this.#lastDueMs = Math.min(this.#lastDueMs, latestMs);
    this.#lineFreeMs = Math.min(this.#lineFreeMs, nowMs);
  }

  #nextOfTrace(delaysMs: Float32Array): number {
    return delaysMs[this.#traceAt] ?? Number.NaN;
  }

  /** Throws the dice, and says what they take the datagram away for. */
  #lossReason(lengthBytes: number, nowMs: number): 'lineFull' | 'lost' | 'burstLost' | null {
    const settings = this.#settings;
    const dice = this.#throwDice();
    const burst = this.#burstLoss.takes(settings, nowMs, dice.burst);
    if (!this.#takeLine(lengthBytes, nowMs)) return 'lineFull';
    if (dice.loss * 100 < settings.lossPercent) return 'lost';
    return burst ? 'burstLost' : null;
  }

  #throwDice(): Dice {
    const dice = this.#dice;
    const rng = this.#rng;
    dice.loss = rng.next();
    dice.burst = rng.next();
    dice.jitter = rng.next();
    dice.jitterSecond = rng.next();
    dice.heldBack = rng.next();
    dice.heldBackFor = rng.next();
    dice.copy = rng.next();
    dice.copyJitter = rng.next();
    dice.copyJitterSecond = rng.next();
    return dice;
  }

  /** @returns false when too much waits for the line already */
  #takeLine(lengthBytes: number, nowMs: number): boolean {
    const { bandwidthKbps } = this.#settings;
    const startMs = Math.max(nowMs, this.#lineFreeMs);
    if (bandwidthKbps === 0) return true;
    if (startMs - nowMs > MAX_LINE_WAIT_MS) return false;
    const bits = 8 * (lengthBytes + LINE_OVERHEAD_BYTES);
    this.#lineFreeMs = startMs + bits / Math.max(MIN_BANDWIDTH_KBPS, bandwidthKbps);
    return true;
  }

  /** Delay of the datagram for which the dice were thrown. */
  #delayMs(nowMs: number): number {
    if (!this.#on) return 0;
    const { reorderPercent } = this.#settings;
    const dice = this.#dice;
    const delayMs = this.#pathDelayMs(nowMs, dice.jitter, dice.jitterSecond);
    if (dice.heldBack * 100 >= reorderPercent) return this.#inOrder(delayMs, nowMs);
    this.#counters.heldBack += 1;
    const longerMs = REORDER_MIN_MS + (REORDER_MAX_MS - REORDER_MIN_MS) * dice.heldBackFor;
    return Math.min(MAX_DELAY_MS, Math.max(delayMs, this.#lastDueMs - nowMs) + longerMs);
  }

  /** Delay of its copy; NaN: it has none. */
  #copyDelayMs(nowMs: number): number {
    const dice = this.#dice;
    if (!this.#on || dice.copy * 100 >= this.#settings.duplicatePercent) return Number.NaN;
    return this.#inOrder(this.#pathDelayMs(nowMs, dice.copyJitter, dice.copyJitterSecond), nowMs);
  }

  #pathDelayMs(nowMs: number, first: number, second: number): number {
    const { latencyMs, jitterMs, jitterDistribution, bandwidthKbps } = this.#settings;
    const lineMs = bandwidthKbps === 0 ? 0 : this.#lineFreeMs - nowMs;
    return lineMs + latencyMs + jitterDelayMs(jitterDistribution, jitterMs, first, second);
  }

  #inOrder(delayMs: number, nowMs: number): number {
    this.#lastDueMs = Math.min(nowMs + MAX_DELAY_MS, Math.max(nowMs + delayMs, this.#lastDueMs));
    return this.#lastDueMs - nowMs;
  }

  /** @returns the delay that it got; NaN when it is lost */
  #send(bytes: Uint8Array, lengthBytes: number, delayMs: number, nowMs: number, out: DatagramOut): number {
    if (Number.isNaN(delayMs)) return delayMs;
    if (delayMs <= 0) {
      this.#counters.passed += 1;
      out.sendDatagram(bytes, lengthBytes);
      return delayMs;
    }
    if (this.#held.add(bytes, lengthBytes, nowMs + delayMs)) return delayMs;
    this.#counters.heldFull += 1;
    return Number.NaN;
  }
}

const nowhere: DatagramOut = { sendDatagram: () => undefined };
