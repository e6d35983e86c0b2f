import type { Rng } from '../base/rng.ts';
import type { AccessUnit } from '../program/program-frame.ts';
import { h264Payloads, MAX_RTP_PACKET_BYTES } from '../rtp/h264-payload.ts';
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';
import { RtpSender } from '../rtp/rtp-sender.ts';
import { RtpTimeline } from '../rtp/rtp-timeline.ts';
import { VIDEO_PAYLOAD_TYPE } from './session-description.ts';

/** Ticks of H.264 in RTP (RFC 6184, section 8.2.1). */
const PICTURE_RATE_HZ = 90_000;

/** Pictures of one player as RTP (RFC 6184, non-interleaved mode). */
export class VideoTrack {
  readonly sender: RtpSender;
  readonly timeline: RtpTimeline;
  #needsKey = true;

  constructor(rng: Rng) {
    this.sender = new RtpSender(VIDEO_PAYLOAD_TYPE, rng);
    this.timeline = new RtpTimeline(PICTURE_RATE_HZ, rng);
  }

  pause(): void {
    this.#needsKey = true;
  }

  /** Another broadcast begins. */
  beginStretch(): void {
    this.timeline.beginStretch();
    this.#needsKey = true;
  }

  /** Something was lost: what follows cannot be decoded before the next key, and the numbers show the hole. */
  lose(): void {
    if (!this.#needsKey) this.sender.skip(1);
    this.#needsKey = true;
  }

  firstTimestamp(first: AccessUnit | undefined): number | null {
    return first === undefined
      ? this.timeline.firstTimestamp
      : this.timeline.preview(ticksOf(first), first.atMs);
  }

  /** @returns packets, each with room for the header of an interleaved frame; none while a key is waited for */
  packets(unit: AccessUnit): readonly Uint8Array[] {
    if (this.#needsKey && !unit.key) return [];
    this.#needsKey = false;
    const timestamp = this.timeline.timestampOf(ticksOf(unit), unit.atMs);
    const payloads = h264Payloads(unit.units, MAX_RTP_PACKET_BYTES - RTP_HEADER_BYTES);
    return payloads.map((payload, at) => {
      return this.sender.packet(payload, timestamp, at + 1 === payloads.length);
    });
  }
}

/** Presentation times before the beginning are taken for the beginning: as unsigned numbers they would be enormous. */
function ticksOf({ ticks }: AccessUnit): number {
  return Math.max(0, ticks);
}
