import type { Feed } from '../../../core/program/program.ts';
import type { Visit } from '../../../core/program/programs.ts';
import { OpusArrivals } from '../../../core/webrtc/opus-arrivals.ts';
import type { SessionWork } from './session.ts';

/** What encoders look ahead at 48 kHz, in samples: WebRTC does not say it, and everybody uses libopus. */
const PRE_SKIP_SAMPLES = 312;

/** Set in the first byte of a packet that is coded in stereo (RFC 6716, section 3.1). */
const STEREO_BIT = 4;

/** Longest name of a broadcast. */
const MAX_SOURCE_LENGTH = 64;

/** RTCP packets by their type (RFC 5761, section 4): what is no RTP on a shared port. */
const FIRST_RTCP_TYPE = 192;
const LAST_RTCP_TYPE = 223;

/** How often packets that wait for a missing one are looked at, in ms: the length of a usual frame. */
const TICK_MS = 20;

/**
 * A publisher that sends nothing for so long is gone, in ms: even silence is sent twice a second, and reports come
 * beside it. The connection itself tells it after half a minute only, and the next publisher waits for it.
 */
const MAX_SILENCE_MS = 10_000;

/** Why a publisher's connection is closed: somebody else was first, or nothing comes any more. */
export type PublisherEnd = 'late' | 'silent';

/** A publisher's connection: its packets come in, and are the program. */
export class PublisherWork implements SessionWork {
  readonly peerDirection = 'sendonly';
  readonly ssrc = null;
  readonly cname = '';
  readonly #visit: Visit;
  readonly #nowMs: () => number;
  readonly #onOver: (why: PublisherEnd) => void;
  readonly arrivals: OpusArrivals;
  #feed: Feed | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastPacketMs = 0;

  /** @param onOver it is to be closed */
  constructor(visit: Visit, payloadType: number, nowMs: () => number, onOver: (why: PublisherEnd) => void) {
    this.#visit = visit;
    this.#nowMs = nowMs;
    this.#onOver = onOver;
    this.arrivals = new OpusArrivals(payloadType, (payload, skipped) => this.#take(payload, skipped));
  }

  handleConnected(): void {
    this.#lastPacketMs = this.#nowMs();
    this.#timer ??= setInterval(() => this.#tick(this.#nowMs()), TICK_MS);
  }

  handlePacket(bytes: Uint8Array): void {
    this.#lastPacketMs = this.#nowMs();
    const type = bytes[1] ?? 0;
    if (type >= FIRST_RTCP_TYPE && type <= LAST_RTCP_TYPE) return;
    this.arrivals.handlePacket(bytes, this.#lastPacketMs);
  }

  handleClosed(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#feed?.end();
    this.#visit.leave();
  }

  #tick(nowMs: number): void {
    this.arrivals.handleTime(nowMs);
    if (nowMs - this.#lastPacketMs >= MAX_SILENCE_MS) this.#onOver('silent');
  }

  /** The program begins with the first packet: before it nobody knows whether there will be one. */
  #take(payload: Uint8Array, skippedSamples: number): void {
    const feed = this.#feed ?? this.#begin(payload);
    // A copy: the view would keep everything that came from the other process with it for as long as the program does.
    feed?.frame(payload.slice(), this.#nowMs(), skippedSamples);
  }

  #begin([toc = 0]: Uint8Array): Feed | null {
    const { program, channel } = this.#visit;
    this.#feed = program.begin({
      kind: 'publisher',
      source: channel.name.slice(0, MAX_SOURCE_LENGTH),
      channels: (toc & STEREO_BIT) === 0 ? 1 : 2,
      bitrate: null,
      preSkipSamples: PRE_SKIP_SAMPLES,
      container: null,
    });
    if (this.#feed === null) this.#onOver('late');
    return this.#feed;
  }
}
