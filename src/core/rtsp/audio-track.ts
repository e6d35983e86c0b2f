import type { Rng } from '../base/rng.ts';
import { PROGRAM_RATE_HZ, type ProgramFrame } from '../program/program-frame.ts';
import { RtpSender } from '../rtp/rtp-sender.ts';
import { RtpTimeline } from '../rtp/rtp-timeline.ts';
import { AUDIO_PAYLOAD_TYPE } from './session-description.ts';

/** Most missing packets that a sequence number jumps over: more, and a receiver takes them for late ones. */
const MAX_SKIPPED_PACKETS = 1_000;

/** Sound of one player as RTP (RFC 7587): one packet per frame, its payload byte for byte, clock of 48 kHz. */
export class AudioTrack {
  readonly sender: RtpSender;
  readonly timeline: RtpTimeline;
  #lastSequence: number | null = null;
  #nextPosition = 0;

  constructor(rng: Rng) {
    this.sender = new RtpSender(AUDIO_PAYLOAD_TYPE, rng);
    this.timeline = new RtpTimeline(PROGRAM_RATE_HZ, rng);
  }

  /** Frames that follow are no losses, however many were passed over. */
  pause(): void {
    this.#lastSequence = null;
  }

  /** Another broadcast begins. */
  beginStretch(): void {
    this.timeline.beginStretch();
    this.#lastSequence = null;
  }

  /** Timestamp of the first packet; null: nobody knows before it comes. */
  firstTimestamp(first: ProgramFrame | undefined): number | null {
    return first === undefined
      ? this.timeline.firstTimestamp
      : this.timeline.preview(first.position, first.atMs);
  }

  /** @returns room for the header of an interleaved frame, then the packet */
  packet(frame: ProgramFrame): Uint8Array {
    const missing = this.#lastSequence === null ? 0 : frame.sequence - this.#lastSequence - 1;
    if (missing > 0) this.sender.skip(Math.min(missing, MAX_SKIPPED_PACKETS));
    // The first packet of a stretch of sound (RFC 3551, section 4.1): players may wait anew before it.
    const marker = this.#lastSequence === null || frame.position !== this.#nextPosition;
    this.#lastSequence = frame.sequence;
    this.#nextPosition = frame.position + frame.samples;
    return this.sender.packet(frame.payload, this.timeline.timestampOf(frame.position, frame.atMs), marker);
  }
}
