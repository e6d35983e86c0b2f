import { assert } from '../base/assert.ts';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import type { VoicePath } from '../wire/control.ts';
import { createHeader, decodeHeader } from '../wire/datagram.ts';
import {
  createProbe,
  decodeProbe,
  encodeProbe,
  KIND_CHALLENGE,
  KIND_PROBE,
  KIND_REPLY,
  type Mac,
  PATH_KEY_BYTES,
  PROBE_COOKIE_BYTES,
  PROBE_DATAGRAM_BYTES,
  verifyProbe,
} from '../wire/probe.ts';
import { SmoothedPing } from './smoothed-ping.ts';

/** Pause between UDP probes while the way is looked for, in ms: voice must flow soon after a welcome, or after a NAT moved. */
export const SEEK_INTERVAL_MS = 200;

/** How long UDP is looked for that often, in ms: what opens at all opens in this time (a NAT, a handover of networks). */
export const SEEK_FAST_MS = 5_000;

/** Pause between UDP probes where UDP seems to be blocked, in ms: notices within seconds that it works again, costs 0.2 kbit/s. */
export const SEEK_SLOW_INTERVAL_MS = 2_000;

/** Pause between probes on a living path, in ms: keeps the shortest-lived NAT mappings open, costs 0.5 kbit/s. */
export const HEARTBEAT_INTERVAL_MS = 1_000;

/** Without an answer for this long a living path is dead, in ms: five heartbeats lost in a row are no accident. */
export const PATH_DEAD_MS = 5_000;

/**
 * Voice of a fresh session takes the lane when UDP has not answered by then, in ms: eight probes and, challenge
 * included, two round trips of the slowest line (satellite, 600 ms each); longer, and people think it is broken. A path
 * that had lived gets PATH_DEAD_MS instead: it is known to work, and a pause in it is likely to end.
 */
export const LANE_FALLBACK_MS = 1_500;

/** UDP probes answered in a row before voice leaves the lane: a line that lets every second one through would flap. */
export const STEADY_ANSWERS = 3;

/** Without an answer for this long nobody is heard, in ms: two heartbeats lost in a row, and the time of an answer. */
export const DEAF_AFTER_MS = 3_000;

/**
 * Probes that wait for their answer: those sent within PATH_DEAD_MS, which are 25 by UDP, as many answers to
 * challenges at the very most, and 5 by the lane; rounded up to a power of two.
 */
export const MAX_OUTSTANDING_PROBES = 64;

/** What the path engine wants done: bytes are valid only during the call. */
export interface PathOut {
  sendDatagram(bytes: Uint8Array, lengthBytes: number): void;
  /** Sends one binary message over the control lane; without effect while there is none. */
  sendLaneDatagram(bytes: Uint8Array, lengthBytes: number): void;
  /** Voice takes this way from now on, and the relay must be told so (`voicePath`). `voicePath` is up to date. */
  onDidChangeVoicePath(path: VoicePath): void;
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
  'challenges',
  'probesLost',
  'received',
  'malformed',
  'wrongToken',
  'notAnswer',
  'unexpected',
  'forged',
  'deaths',
  'fallbacks',
  'returns',
] as const;
type CounterName = (typeof counterNames)[number];

interface Outstanding {
  readonly clockMicroseconds: number;
  readonly sentMs: number;
  readonly way: VoicePath;
  /** Counts the UDP probes, the lane's not: answers in a row are answers to neighbours. */
  readonly udpNumber: number;
}

/**
 * The ways of one session's voice: finds the one by UDP, keeps it open, measures it, knows when it is dead, and says
 * whether voice goes by UDP or through the control lane.
 *
 * It starts with UDP. When that does not answer, voice takes the lane, and UDP is looked for without end, at first
 * often, then seldom; once it has answered STEADY_ANSWERS times in a row, voice goes back to it. Each way has its own
 * heartbeat: while voice takes the lane, probes go there too, and what `alive`, `pingMs`, `lastHeardMs` and
 * `deafForMs` say is about the way voice takes.
 *
 * One engine per welcome: token, path key and clock belong together.
 */
export class PathEngine {
  readonly #options: PathOptions;
  readonly #counters: Counters<CounterName> = createCounters(counterNames);
  readonly #ping = new SmoothedPing();
  readonly #header = createHeader();
  /** What was received last. */
  readonly #probe = createProbe();
  readonly #cookie = new Uint8Array(PROBE_COOKIE_BYTES);
  readonly #datagram = new Uint8Array(PROBE_DATAGRAM_BYTES);
  /** Oldest first. */
  readonly #outstanding: Outstanding[] = [];
  #sequence = 0;
  #clockMicroseconds = 0;
  #voicePath: VoicePath = 'udp';
  #alive = false;
  #startMs: number | null = null;
  #lastHeardMs: number | null = null;
  #nextUdpMs: number | null = null;
  /** Null while voice goes by UDP. */
  #nextLaneMs: number | null = null;
  /** UDP is looked for often until SEEK_FAST_MS after this. */
  #seekingSinceMs = 0;
  #challengedMs = Number.NEGATIVE_INFINITY;
  #udpNumber = 0;
  #answeredUdpNumber = -1;
  #answersInRow = 0;

  constructor(options: PathOptions) {
    assert(options.pathKey.length === PATH_KEY_BYTES, 'a path key has 32 bytes');
    this.#options = options;
  }

  /** What voice takes now. */
  get voicePath(): VoicePath {
    return this.#voicePath;
  }

  /** The way voice takes has answered within the last PATH_DEAD_MS: as of the newest call with a time. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Round trip of the way voice takes in ms, smoothed, null before its first answer. */
  get pingMs(): number | null {
    return this.#ping.valueMs;
  }

  /** When the way that voice took at the time answered last. */
  get lastHeardMs(): number | null {
    return this.#lastHeardMs;
  }

  /**
   * How long nothing has been heard by the way voice takes, in ms, though the session may stand: connected but deaf.
   * Null while its heartbeat is fine, and before DEAF_AFTER_MS. Goes on over a change of ways until the new one answers.
   */
  deafForMs(nowMs: number): number | null {
    const sinceMs = this.#lastHeardMs ?? this.#startMs;
    if (sinceMs === null || nowMs - sinceMs < DEAF_AFTER_MS) return null;
    return nowMs - sinceMs;
  }

  /** Probes whose answer may still come. */
  get outstanding(): number {
    return this.#outstanding.length;
  }

  /**
   * `probesSent` = `answers` + `challenges` + `probesLost` + outstanding;
   * `received` = `answers` + `challenges` + `malformed` + `wrongToken` + `notAnswer` + `unexpected` + `forged`.
   */
  get counters(): Readonly<Counters<CounterName>> {
    return this.#counters;
  }

  handleStart(nowMs: number, out: PathOut): void {
    this.#startMs ??= nowMs;
    this.#seekingSinceMs = nowMs;
    this.#sendProbe('udp', nowMs, out);
  }

  /** One UDP datagram with the CONTROL flag. @returns true when it was a valid answer */
  handleDatagram(bytes: Uint8Array, lengthBytes: number, nowMs: number, out: PathOut): boolean {
    const sent = this.#take('udp', bytes, lengthBytes);
    if (sent === null) return false;
    if (this.#probe.kind === KIND_CHALLENGE) {
      this.#handleChallenge(nowMs, out);
      return false;
    }
    const inRow = sent.udpNumber === this.#answeredUdpNumber + 1;
    this.#answersInRow = inRow ? this.#answersInRow + 1 : 1;
    this.#answeredUdpNumber = sent.udpNumber;
    if (this.#voicePath === 'udp') {
      this.#hear(nowMs - sent.sentMs, nowMs);
      return true;
    }
    // It may be back: look closely.
    this.#seekingSinceMs = nowMs;
    if (this.#answersInRow >= STEADY_ANSWERS) this.#returnToUdp(nowMs - sent.sentMs, nowMs, out);
    else this.#nextUdpMs = Math.min(this.#nextUdpMs ?? nowMs, nowMs + SEEK_INTERVAL_MS);
    return true;
  }

  /** One datagram with the CONTROL flag that came over the lane. @returns true when it was a valid answer */
  handleLaneDatagram(bytes: Uint8Array, lengthBytes: number, nowMs: number, _out: PathOut): boolean {
    const sent = this.#take('lane', bytes, lengthBytes);
    if (sent === null) return false;
    // An answer that comes after voice went back to UDP tells nothing any more.
    if (this.#voicePath === 'lane') this.#hear(nowMs - sent.sentMs, nowMs);
    return true;
  }

  /** Call at `nextDeadlineMs()` or later; earlier calls do nothing. */
  handleDeadline(nowMs: number, out: PathOut): void {
    const deadMs = this.#deadMs();
    if (deadMs !== null && nowMs >= deadMs) {
      if (this.#alive) this.#counters.deaths += 1;
      this.#alive = false;
      // The next path may be quite another: its round trip starts afresh.
      this.#ping.clear();
      if (this.#voicePath === 'udp') this.#fallBackToLane(nowMs, out);
    }
    if (this.#nextUdpMs !== null && nowMs >= this.#nextUdpMs) this.#sendProbe('udp', nowMs, out);
    if (this.#nextLaneMs !== null && nowMs >= this.#nextLaneMs) this.#sendProbe('lane', nowMs, out);
  }

  nextDeadlineMs(): number | null {
    if (this.#nextUdpMs === null) return null;
    return Math.min(this.#nextUdpMs, this.#nextLaneMs ?? this.#nextUdpMs, this.#deadMs() ?? this.#nextUdpMs);
  }

  /** When the way voice takes counts as dead unless it answers; null if it is dead already, and before the start. */
  #deadMs(): number | null {
    if (this.#alive && this.#lastHeardMs !== null) return this.#lastHeardMs + PATH_DEAD_MS;
    return this.#voicePath === 'udp' && this.#startMs !== null ? this.#startMs + LANE_FALLBACK_MS : null;
  }

  #hear(roundTripMs: number, nowMs: number): void {
    this.#ping.add(roundTripMs);
    this.#lastHeardMs = nowMs;
    if (this.#alive) return;
    this.#alive = true;
    if (this.#voicePath === 'udp') this.#nextUdpMs = nowMs + HEARTBEAT_INTERVAL_MS;
  }

  #fallBackToLane(nowMs: number, out: PathOut): void {
    this.#counters.fallbacks += 1;
    this.#voicePath = 'lane';
    // After a death UDP is looked for at once and often; at the start that has been done for a while.
    if (this.#lastHeardMs !== null) {
      this.#seekingSinceMs = nowMs;
      this.#nextUdpMs = nowMs;
    }
    this.#answersInRow = 0;
    this.#nextLaneMs = nowMs;
    out.onDidChangeVoicePath('lane');
  }

  #returnToUdp(roundTripMs: number, nowMs: number, out: PathOut): void {
    this.#counters.returns += 1;
    this.#voicePath = 'udp';
    this.#nextLaneMs = null;
    this.#alive = false;
    this.#ping.clear();
    this.#hear(roundTripMs, nowMs);
    out.onDidChangeVoicePath('udp');
  }

  /** The relay wants to see that we are where our probe came from. */
  #handleChallenge(nowMs: number, out: PathOut): void {
    this.#cookie.set(this.#probe.cookie);
    // At once, but no more often than UDP is looked for: behind a NAT that changes the port each time, cookies never fit.
    if (nowMs - this.#challengedMs < SEEK_INTERVAL_MS) return;
    this.#challengedMs = nowMs;
    this.#sendProbe('udp', nowMs, out);
  }

  /** Checks what came by `way`, counts it, and takes the probe it answers out of those that wait; null if it is none. */
  #take(way: VoicePath, bytes: Uint8Array, lengthBytes: number): Outstanding | null {
    const counters = this.#counters;
    counters.received += 1;
    const probe = this.#probe;
    if (!decodeHeader(bytes, lengthBytes, this.#header).ok || !decodeProbe(bytes, lengthBytes, probe).ok) {
      counters.malformed += 1;
      return null;
    }
    if (this.#header.token !== this.#options.token) {
      counters.wrongToken += 1;
      return null;
    }
    const challenge = probe.kind === KIND_CHALLENGE && way === 'udp';
    if (probe.kind !== KIND_REPLY && !challenge) {
      counters.notAnswer += 1;
      return null;
    }
    const at = this.#outstanding.findIndex(
      (sent) => sent.way === way && sent.clockMicroseconds === probe.clockMicroseconds,
    );
    const sent = this.#outstanding[at];
    if (sent === undefined) {
      counters.unexpected += 1;
      return null;
    }
    if (!verifyProbe(bytes, lengthBytes, this.#options.pathKey, this.#options.mac)) {
      counters.forged += 1;
      return null;
    }
    this.#outstanding.splice(at, 1);
    counters[challenge ? 'challenges' : 'answers'] += 1;
    return sent;
  }

  #sendProbe(way: VoicePath, nowMs: number, out: PathOut): void {
    this.#forgetOverdue(nowMs);
    // The relay takes only clocks that grow, and two calls may share one reading of the time.
    this.#clockMicroseconds = Math.max(this.#clockMicroseconds + 1, Math.floor(nowMs * 1000));
    const clockMicroseconds = this.#clockMicroseconds;
    if (way === 'udp') this.#udpNumber += 1;
    this.#outstanding.push({ clockMicroseconds, sentMs: nowMs, way, udpNumber: this.#udpNumber });
    const { token, pathKey, mac } = this.#options;
    const lengthBytes = encodeProbe(
      { kind: KIND_PROBE, clockMicroseconds, cookie: this.#cookie },
      token as SessionToken,
      this.#sequence as SeqNo,
      pathKey,
      mac,
      this.#datagram,
    );
    this.#sequence += 1;
    this.#counters.probesSent += 1;
    if (way === 'udp') {
      this.#nextUdpMs = nowMs + this.#udpIntervalMs(nowMs);
      out.sendDatagram(this.#datagram, lengthBytes);
    } else {
      this.#nextLaneMs = nowMs + HEARTBEAT_INTERVAL_MS;
      out.sendLaneDatagram(this.#datagram, lengthBytes);
    }
  }

  #udpIntervalMs(nowMs: number): number {
    if (this.#voicePath === 'udp' && this.#alive) return HEARTBEAT_INTERVAL_MS;
    return nowMs - this.#seekingSinceMs < SEEK_FAST_MS ? SEEK_INTERVAL_MS : SEEK_SLOW_INTERVAL_MS;
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
