import type { AccessUnit, ProgramFrame } from '../program/program-frame.ts';
import type { Visit } from '../program/programs.ts';
import { INTERLEAVED_HEADER_BYTES, writeInterleavedHeader } from '../rtp/interleaved-frame.ts';
import { senderReport } from '../rtp/rtcp-packet.ts';
import type { AudioTrack } from './audio-track.ts';
import type { DatagramEndpoint } from './datagram-routes.ts';
import type { MediaOut } from './media-out.ts';
import { VIDEO_TRACK } from './session-description.ts';
import type { Transport } from './transport-header.ts';
import type { VideoTrack } from './video-track.ts';

/** A session of which nothing was heard for so long is over, in s and in ms: what RFC 2326, section 12.37, supposes. */
export const SESSION_TIMEOUT_SECONDS = 60;
const SESSION_TIMEOUT_MS = SESSION_TIMEOUT_SECONDS * 1_000;

/** Time between sender reports, in ms: the least that RFC 3550, section 6.2, recommends. */
const REPORT_INTERVAL_MS = 5_000;

/** A track that was set up, and the way to its player. */
export interface SessionTrack {
  readonly media: AudioTrack | VideoTrack;
  readonly transport: Transport;
  /** Where datagrams go; null: everything goes through the connection. */
  readonly endpoint: DatagramEndpoint | null;
  /** When the next sender report is due; null: before the first packet. */
  reportDueMs: number | null;
}

/** What a late joiner begins with. */
export interface Opening {
  readonly frames: readonly ProgramFrame[];
  readonly units: readonly AccessUnit[];
}

export interface ReportParts {
  readonly cname: string;
  /** Unix time of a moment of the engine clock. */
  readonly unixMsAt: (nowMs: number) => number;
}

/** What one player set up (RFC 2326, section 3.4): tracks of one program, stopped or playing. */
export class RtspSession {
  readonly id: string;
  readonly visit: Visit;
  readonly tracks = new Map<number, SessionTrack>();
  readonly #reports: ReportParts;
  #playing = false;
  #heardMs: number;

  constructor(id: string, visit: Visit, reports: ReportParts, nowMs: number) {
    this.id = id;
    this.visit = visit;
    this.#reports = reports;
    this.#heardMs = nowMs;
  }

  get playing(): boolean {
    return this.#playing;
  }

  get hasPictures(): boolean {
    return this.tracks.has(VIDEO_TRACK);
  }

  /** The player lives. */
  touch(nowMs: number): void {
    this.#heardMs = nowMs;
  }

  /**
   * When it is over if nothing is heard; null: as long as its connection takes what is sent, the player is there. Some
   * say nothing while they play through a connection.
   */
  get expiresMs(): number | null {
    const lives = this.#playing && [...this.tracks.values()].every(({ endpoint }) => endpoint === null);
    return lives ? null : this.#heardMs + SESSION_TIMEOUT_MS;
  }

  /** When something is to be done. */
  nextDeadlineMs(): number {
    let deadlineMs = this.expiresMs ?? Number.POSITIVE_INFINITY;
    if (!this.#playing) return deadlineMs;
    for (const { reportDueMs } of this.tracks.values())
      deadlineMs = Math.min(deadlineMs, reportDueMs ?? Number.POSITIVE_INFINITY);
    return deadlineMs;
  }

  play(): void {
    this.#playing = true;
    for (const track of this.tracks.values()) track.reportDueMs = null;
  }

  pause(): void {
    this.#playing = false;
    for (const { media } of this.tracks.values()) media.pause();
  }

  beginStretch(): void {
    for (const { media } of this.tracks.values()) media.beginStretch();
  }

  /** @param packet with room for the header of an interleaved frame */
  sendMedia(track: SessionTrack, packet: Uint8Array, nowMs: number, out: MediaOut): void {
    if (track.reportDueMs === null) this.report(track, false, nowMs, out);
    send(track, 'rtp', packet, out);
  }

  /** Sends the sender reports that are due. */
  handleTime(nowMs: number, out: MediaOut): void {
    if (!this.#playing) return;
    for (const track of this.tracks.values())
      if (track.reportDueMs !== null && track.reportDueMs <= nowMs) this.report(track, false, nowMs, out);
  }

  /** What players are told when it is over. */
  goodbye(nowMs: number, out: MediaOut): void {
    for (const track of this.tracks.values()) this.report(track, true, nowMs, out);
  }

  /** A report on what was sent; nothing before the first packet's timestamp is known. */
  report(track: SessionTrack, isLast: boolean, nowMs: number, out: MediaOut): void {
    const { sender, timeline } = track.media;
    const timestamp = timeline.timestampAt(nowMs);
    if (timestamp === null) return;
    track.reportDueMs = nowMs + REPORT_INTERVAL_MS;
    const { ssrc, packets, octets } = sender;
    const { cname, unixMsAt } = this.#reports;
    const report = { ssrc, packets, octets, timestamp, cname, unixMs: unixMsAt(nowMs) };
    send(track, 'rtcp', senderReport(report, isLast), out);
  }
}

/** @param room a packet behind room for the header of an interleaved frame */
function send(
  { transport, endpoint }: SessionTrack,
  kind: 'rtp' | 'rtcp',
  room: Uint8Array,
  out: MediaOut,
): void {
  if (transport.kind === 'interleaved') {
    const channel = kind === 'rtp' ? transport.rtpChannel : transport.rtcpChannel;
    writeInterleavedHeader(room, channel, room.length - INTERLEAVED_HEADER_BYTES);
    out.send(room);
  } else if (endpoint !== null) {
    out.sendDatagram(kind, endpoint.ports[kind], room.subarray(INTERLEAVED_HEADER_BYTES));
  }
}
