import { assertNever } from '../base/assert.ts';
import type { AccessUnit, ProgramFrame } from '../program/program-frame.ts';
import { TokenBucket } from '../relay/token-bucket.ts';
import { readRtcp } from '../rtp/rtcp-reading.ts';
import { AudioTrack } from './audio-track.ts';
import type { DatagramEndpoint } from './datagram-routes.ts';
import { answerBytes, type RtspAnswer } from './rtsp-answer.ts';
import { RtspDesk } from './rtsp-desk.ts';
import type { RtspEnd, RtspOut } from './rtsp-out.ts';
import type { RtspOrigin, RtspParts } from './rtsp-parts.ts';
import { type RtspItem, RtspReader } from './rtsp-reader.ts';
import { cseqOf, type RtspHead } from './rtsp-request.ts';
import type { RtspSession } from './rtsp-session.ts';
import { AUDIO_TRACK, VIDEO_TRACK } from './session-description.ts';
import { VideoTrack } from './video-track.ts';

/** Longest time from the first byte of a message to its last, in ms: somebody who sends a byte a second is no player. */
export const MAX_MESSAGE_MS = 10_000;

/** A connection without a session on which nothing was asked for so long is over, in ms: a person types a password. */
export const MAX_IDLE_MS = 60_000;

/** Requests a second and at once: a player sends five, and then one a minute. */
const REQUESTS_PER_SECOND = 20;
const REQUEST_BURST = 100;

/**
 * What may wait on a connection whose player still asks, in bytes: twice as much as pictures may. Whoever asks and never
 * reads is no player.
 */
export const MAX_BACKLOG_BYTES = 4_194_304;

/**
 * The server's side of one RTSP connection (RFC 2326): reads requests, answers them, and turns frames of a program into
 * packets of the sessions that were set up on it. Sessions end with their connection.
 */
export class RtspConnection {
  readonly #parts: RtspParts;
  readonly #reader = new RtspReader();
  readonly #desk: RtspDesk;
  readonly #requests: TokenBucket;
  /** Since when part of a message is there; null: none is. */
  #partSinceMs: number | null = null;
  #askedMs: number;
  #over = false;

  /** @param onDidRevoke what was let in may no longer be heard: `handleEnd` is to be called */
  constructor(parts: RtspParts, origin: RtspOrigin, onDidRevoke: () => void, nowMs: number) {
    this.#parts = parts;
    this.#askedMs = nowMs;
    this.#requests = new TokenBucket(REQUESTS_PER_SECOND, REQUEST_BURST, nowMs);
    this.#desk = new RtspDesk({ parts, origin, onDidRevoke, owner: this });
  }

  /** It was ended: nothing is read or sent any more. */
  get over(): boolean {
    return this.#over;
  }

  handleBytes(bytes: Uint8Array, nowMs: number, out: RtspOut): void {
    if (this.#over) return;
    this.#reader.push(bytes);
    for (let item = this.#reader.next(); item !== null; item = this.#reader.next()) {
      this.#handleItem(item, nowMs, out);
      if (this.#over) return;
    }
    if (this.#reader.heldBytes === 0) this.#partSinceMs = null;
    else this.#partSinceMs ??= nowMs;
  }

  /** A datagram that `DatagramRoutes` found to belong to a stream of this connection. */
  handleDatagram(endpoint: DatagramEndpoint, kind: 'rtp' | 'rtcp', bytes: Uint8Array, nowMs: number): void {
    if (kind === 'rtp' || !this.#countRtcp(bytes)) return;
    this.#desk.sessionOf((track) => track.endpoint === endpoint)?.touch(nowMs);
  }

  handleFrame(session: RtspSession, frame: ProgramFrame, nowMs: number, out: RtspOut): void {
    const track = session.tracks.get(AUDIO_TRACK);
    if (track === undefined || !session.playing || !(track.media instanceof AudioTrack)) return;
    session.sendMedia(track, track.media.packet(frame), nowMs, out);
  }

  /** @param lost units were lost before it */
  handleAccessUnit(session: RtspSession, unit: AccessUnit, lost: boolean, nowMs: number, out: RtspOut): void {
    const track = session.tracks.get(VIDEO_TRACK);
    if (track === undefined || !session.playing || !(track.media instanceof VideoTrack)) return;
    if (lost) track.media.lose();
    for (const packet of track.media.packets(unit)) session.sendMedia(track, packet, nowMs, out);
  }

  /** When `handleTime` has something to do; infinite: never. */
  nextDeadlineMs(): number {
    if (this.#over) return Number.POSITIVE_INFINITY;
    const partMs = this.#partSinceMs === null ? Number.POSITIVE_INFINITY : this.#partSinceMs + MAX_MESSAGE_MS;
    const idleMs = this.#desk.sessions.size === 0 ? this.#askedMs + MAX_IDLE_MS : Number.POSITIVE_INFINITY;
    let deadlineMs = Math.min(partMs, idleMs);
    for (const session of this.#desk.sessions.values())
      deadlineMs = Math.min(deadlineMs, session.nextDeadlineMs());
    return deadlineMs;
  }

  handleTime(nowMs: number, out: RtspOut): void {
    if (this.#over) return;
    if (this.#partSinceMs !== null && nowMs - this.#partSinceMs >= MAX_MESSAGE_MS) {
      this.handleEnd('requestTooSlow', nowMs, out);
      return;
    }
    for (const session of [...this.#desk.sessions.values()]) {
      session.handleTime(nowMs, out);
      if (nowMs < (session.expiresMs ?? Number.POSITIVE_INFINITY)) continue;
      this.#parts.counters.sessionsExpired += 1;
      this.#desk.drop(session, nowMs, out);
      this.#askedMs = nowMs;
    }
    if (this.#desk.sessions.size === 0 && nowMs - this.#askedMs >= MAX_IDLE_MS)
      this.handleEnd('idle', nowMs, out);
  }

  /** Ends it from this side: players are told, and the connection is closed. */
  handleEnd(reason: RtspEnd, nowMs: number, out: RtspOut): void {
    if (this.#over) return;
    this.#parts.counters[reason] += 1;
    this.#finish(nowMs, out);
    out.end(reason);
  }

  /** The player has closed it. */
  handleClosed(nowMs: number, out: RtspOut): void {
    if (!this.#over) this.#finish(nowMs, out);
  }

  #finish(nowMs: number, out: RtspOut): void {
    this.#over = true;
    for (const session of [...this.#desk.sessions.values()]) {
      this.#parts.counters.sessionsEnded += 1;
      this.#desk.drop(session, nowMs, out);
    }
    this.#desk.leave();
  }

  #handleItem(item: RtspItem, nowMs: number, out: RtspOut): void {
    const { counters } = this.#parts;
    switch (item.kind) {
      case 'request':
        this.#handleRequest(item.head, item.bodyBytes, nowMs, out);
        return;
      case 'packet':
        counters.packets += 1;
        this.#handlePacket(item.channel, item.packet, nowMs);
        return;
      case 'response':
        counters.responsesDropped += 1;
        return;
      case 'malformed':
        counters[item.reason] += 1;
        counters.requests += 1;
        this.#answer({ status: item.reason === 'messageTooLarge' ? 413 : 400 }, null, out);
        this.handleEnd('malformed', nowMs, out);
        return;
      default:
        assertNever(item);
    }
  }

  #handleRequest(head: RtspHead, bodyBytes: number, nowMs: number, out: RtspOut): void {
    this.#parts.counters.requests += 1;
    this.#askedMs = nowMs;
    const cseq = cseqOf(head.headers);
    if (!this.#requests.take(nowMs)) {
      this.#answer({ status: 429 }, cseq, out);
      this.handleEnd('tooManyRequests', nowMs, out);
      return;
    }
    if (cseq === null) {
      this.#answer({ status: 400 }, null, out);
      return;
    }
    const { answer, afterwards } = this.#desk.handle(head, bodyBytes, nowMs, out);
    this.#answer(answer, cseq, out);
    afterwards?.();
    if (answer.status === 505) this.handleEnd('malformed', nowMs, out);
    if (out.backlogBytes() > MAX_BACKLOG_BYTES) this.handleEnd('answersNotTaken', nowMs, out);
  }

  #answer(answer: RtspAnswer, cseq: string | null, out: RtspOut): void {
    this.#parts.counters[answer.status === 200 ? 'answered' : 'refused'] += 1;
    out.send(answerBytes(answer, cseq));
  }

  /** Players send reports between their requests; what else they send is not for us. */
  #handlePacket(channel: number, packet: Uint8Array, nowMs: number): void {
    const { counters } = this.#parts;
    const session = this.#desk.sessionOf(
      ({ transport }) => transport.kind === 'interleaved' && transport.rtcpChannel === channel,
    );
    if (session === null || !this.#countRtcp(packet)) {
      counters.packetsDropped += 1;
      return;
    }
    counters.packetsRead += 1;
    session.touch(nowMs);
  }

  /** @returns false: it is no RTCP */
  #countRtcp(bytes: Uint8Array): boolean {
    const reading = readRtcp(bytes);
    if (reading.ok) this.#parts.counters.receptionReports += reading.reports.length;
    else this.#parts.counters[reading.reason] += 1;
    return reading.ok;
  }
}
