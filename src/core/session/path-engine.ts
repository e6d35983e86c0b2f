import { assert } from '../base/assert.ts';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import { createHeader, decodeHeader } from '../wire/datagram.ts';
import {
  createProbe,
  decodeProbe,
  encodeProbe,
  KIND_PROBE,
  KIND_REPLY,
  type Mac,
  PATH_KEY_BYTES,
  PROBE_DATAGRAM_BYTES,
  verifyProbe,
} from '../wire/probe.ts';
import { SmoothedPing } from './smoothed-ping.ts';

/** Pause between probes while nobody answers, in ms: voice must flow soon after a welcome, or after a NAT moved. */
export const SEEK_INTERVAL_MS = 200;

/** Pause between probes on a living path, in ms: keeps the shortest-lived NAT mappings open, costs 0.5 kbit/s. */
export const HEARTBEAT_INTERVAL_MS = 1_000;

/** Without an answer for this long the path is dead, in ms: five heartbeats lost in a row are no accident. */
export const PATH_DEAD_MS = 5_000;

/** Probes that wait for their answer: everything sent within PATH_DEAD_MS, rounded up to a power of two. */
export const MAX_OUTSTANDING_PROBES = 32;

/** What the path engine wants done: bytes are valid only during the call. */
export interface PathOut {
  sendDatagram(bytes: Uint8Array, lengthBytes: number): void;
}

export interface PathOptions {
  readonly token: number;
  /** PATH_KEY_BYTES long: `pathKey` of the welcome, decoded. */
  readonly pathKey: Uint8Array;
  readonly mac: Mac;
}

const counterNames = [
  'probesSent',
  'answers',
  'probesLost',
  'received',
  'malformed',
  'wrongToken',
  'notAnswer',
  'unexpected',
  'forged',
  'deaths',
] as const;
type CounterName = (typeof counterNames)[number];

interface Outstanding {
  clockMicroseconds: number;
  sentMs: number;
}

/**
 * UDP side of one session: finds the way to the relay, keeps it open, measures it, and knows when it is dead.
 * One engine per welcome: token, path key and clock belong together.
 */
export class PathEngine {
  readonly #options: PathOptions;
  readonly #counters: Counters<CounterName> = createCounters(counterNames);
  readonly #ping = new SmoothedPing();
  readonly #header = createHeader();
  readonly #probe = createProbe();
  readonly #datagram = new Uint8Array(PROBE_DATAGRAM_BYTES);
  /** Oldest first. */
  readonly #outstanding: Outstanding[] = [];
  #sequence = 0;
  #clockMicroseconds = 0;
  #nextProbeMs: number | null = null;
  #lastHeardMs: number | null = null;
  #alive = false;

  constructor(options: PathOptions) {
    assert(options.pathKey.length === PATH_KEY_BYTES, 'a path key has 32 bytes');
    this.#options = options;
  }

  /** An answer came within the last PATH_DEAD_MS: as of the newest call with a time. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Round trip of the voice path in ms, smoothed, null before the first answer. */
  get pingMs(): number | null {
    return this.#ping.valueMs;
  }

  get lastHeardMs(): number | null {
    return this.#lastHeardMs;
  }

  /** Probes whose answer may still come. */
  get outstanding(): number {
    return this.#outstanding.length;
  }

  /**
   * `probesSent` = `answers` + `probesLost` + outstanding;
   * `received` = `answers` + `malformed` + `wrongToken` + `notAnswer` + `unexpected` + `forged`.
   */
  get counters(): Readonly<Counters<CounterName>> {
    return this.#counters;
  }

  handleStart(nowMs: number, out: PathOut): void {
    this.#sendProbe(nowMs, out);
  }

  /** One datagram with the CONTROL flag. @returns true when it was a valid answer */
  handleDatagram(bytes: Uint8Array, lengthBytes: number, nowMs: number, _out: PathOut): boolean {
    this.#counters.received += 1;
    const probe = this.#probe;
    if (!decodeHeader(bytes, lengthBytes, this.#header).ok || !decodeProbe(bytes, lengthBytes, probe).ok) {
      this.#counters.malformed += 1;
      return false;
    }
    if (this.#header.token !== this.#options.token) {
      this.#counters.wrongToken += 1;
      return false;
    }
    if (probe.kind !== KIND_REPLY) {
      this.#counters.notAnswer += 1;
      return false;
    }
    const at = this.#outstanding.findIndex((sent) => sent.clockMicroseconds === probe.clockMicroseconds);
    const sent = this.#outstanding[at];
    if (sent === undefined) {
      this.#counters.unexpected += 1;
      return false;
    }
    if (!verifyProbe(bytes, lengthBytes, this.#options.pathKey, this.#options.mac)) {
      this.#counters.forged += 1;
      return false;
    }
    this.#outstanding.splice(at, 1);
    this.#counters.answers += 1;
    this.#ping.add(nowMs - sent.sentMs);
    this.#lastHeardMs = nowMs;
    if (!this.#alive) {
      this.#alive = true;
      this.#nextProbeMs = nowMs + HEARTBEAT_INTERVAL_MS;
    }
    return true;
  }

  /** Call at `nextDeadlineMs()` or later; earlier calls do nothing. */
  handleDeadline(nowMs: number, out: PathOut): void {
    if (this.#alive && this.#lastHeardMs !== null && nowMs >= this.#lastHeardMs + PATH_DEAD_MS) {
      this.#alive = false;
      this.#counters.deaths += 1;
      // The next path may be quite another: its round trip starts afresh, and it is looked for at once.
      this.#ping.clear();
      this.#nextProbeMs = nowMs;
    }
    if (this.#nextProbeMs !== null && nowMs >= this.#nextProbeMs) this.#sendProbe(nowMs, out);
  }

  nextDeadlineMs(): number | null {
    if (this.#nextProbeMs === null) return null;
    if (!this.#alive || this.#lastHeardMs === null) return this.#nextProbeMs;
    return Math.min(this.#nextProbeMs, this.#lastHeardMs + PATH_DEAD_MS);
  }

  #sendProbe(nowMs: number, out: PathOut): void {
    this.#forgetOverdue(nowMs);
    // The relay takes only clocks that grow, and two calls may share one reading of the time.
    this.#clockMicroseconds = Math.max(this.#clockMicroseconds + 1, Math.floor(nowMs * 1000));
    this.#outstanding.push({ clockMicroseconds: this.#clockMicroseconds, sentMs: nowMs });
    this.#probe.kind = KIND_PROBE;
    this.#probe.clockMicroseconds = this.#clockMicroseconds;
    const { token, pathKey, mac } = this.#options;
    const lengthBytes = encodeProbe(
      this.#probe,
      token as SessionToken,
      this.#sequence as SeqNo,
      pathKey,
      mac,
      this.#datagram,
    );
    this.#sequence += 1;
    this.#counters.probesSent += 1;
    this.#nextProbeMs = nowMs + (this.#alive ? HEARTBEAT_INTERVAL_MS : SEEK_INTERVAL_MS);
    out.sendDatagram(this.#datagram, lengthBytes);
  }

  #forgetOverdue(nowMs: number): void {
    while (true) {
      const oldest = this.#outstanding[0];
      const overdue = oldest !== undefined && nowMs - oldest.sentMs >= PATH_DEAD_MS;
      if (!overdue && this.#outstanding.length < MAX_OUTSTANDING_PROBES) return;
      this.#outstanding.shift();
      this.#counters.probesLost += 1;
    }
  }
}
