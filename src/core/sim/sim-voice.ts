import type { SeqNo, SessionToken } from '../base/brand.ts';
import { FrameQueue, type QueueCounters } from '../jitter/frame-queue.ts';
import { type FrameDecoder, Speaker } from '../voice/speaker.ts';
import { readU32, writeU32 } from '../wire/big-endian.ts';
import {
  createHeader,
  type DatagramHeader,
  encodeHeader,
  FLAG_LAST,
  FLAG_WHISPER,
} from '../wire/datagram.ts';

export const SIM_FRAME_MS = 20;
const FRAME_SAMPLES = 960;
/** Number of the frame and number of its speaker. */
const PAYLOAD_BYTES = 8;
const DATAGRAM_BYTES = 40;

/** A frame that came out of a jitter buffer, or a whisper as it arrived. */
export interface HeardFrame {
  readonly speaker: number;
  readonly frame: number;
  readonly atMs: number;
}

/** Stands in for the sound of a client: speech is numbered frames, listening is writing down which ones came. */
export class SimVoice {
  readonly heard: HeardFrame[] = [];
  readonly whispersHeard: HeardFrame[] = [];
  /** When each frame was spoken to the channel, by its number. */
  readonly spokenAtMs: number[] = [];
  /** When each frame was whispered, by its number. */
  readonly whisperedAtMs: number[] = [];
  readonly #speaker: number;
  readonly #header = createHeader();
  readonly #datagram = new Uint8Array(DATAGRAM_BYTES);
  readonly #speakers = new Map<number, Speaker>();
  readonly #retired: QueueCounters[] = [];
  readonly #mix = new Float32Array(FRAME_SAMPLES);
  #nowMs = 0;
  #token: number | null = null;
  /** Next sequence by target, null being the channel. */
  readonly #sequences = new Map<number | null, number>();

  /** @param speaker stands in every payload */
  constructor(speaker: number) {
    this.#speaker = speaker;
  }

  /** Speakers with a playout. */
  get speakerCount(): number {
    return this.#speakers.size;
  }

  /** The session whose voice this is; another one counts from zero. */
  setToken(token: number | null): void {
    if (token === this.#token) return;
    this.#token = token;
    this.#sequences.clear();
  }

  /**
   * One frame to the channel, or to the target of a whisper.
   *
   * @returns the datagram, valid until the next call
   */
  speak(target: number | null, nowMs: number): Uint8Array {
    const times = target === null ? this.spokenAtMs : this.whisperedAtMs;
    const frame = times.push(nowMs) - 1;
    const sequence = this.#sequences.get(target) ?? 0;
    this.#sequences.set(target, sequence + 1);
    const header = this.#header;
    header.token = (this.#token ?? 0) as SessionToken;
    header.flags = target === null ? 0 : FLAG_WHISPER;
    header.sequence = sequence as SeqNo;
    header.timestamp = (frame * FRAME_SAMPLES) >>> 0;
    header.target = target ?? 0;
    const payloadOffset = encodeHeader(header, this.#datagram);
    writeU32(this.#datagram, payloadOffset, frame);
    writeU32(this.#datagram, payloadOffset + 4, this.#speaker);
    return this.#datagram.subarray(0, payloadOffset + PAYLOAD_BYTES);
  }

  /** A datagram of another member. */
  receive(header: DatagramHeader, bytes: Uint8Array, nowMs: number): void {
    const payload = bytes.subarray(header.payloadOffset);
    if ((header.flags & FLAG_WHISPER) !== 0) {
      this.whispersHeard.push({ frame: readU32(payload, 0), speaker: readU32(payload, 4), atMs: nowMs });
      return;
    }
    let speaker = this.#speakers.get(header.token);
    if (speaker === undefined) {
      speaker = new Speaker(FRAME_SAMPLES, this.#createDecoder());
      this.#speakers.set(header.token, speaker);
    }
    const last = (header.flags & FLAG_LAST) !== 0;
    speaker.handlePacket(header.sequence, header.timestamp, last, payload, nowMs);
  }

  /** The sound device asks for its next frame. */
  play(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const speaker of this.#speakers.values()) speaker.render(this.#mix, FRAME_SAMPLES, true, nowMs);
  }

  forgetAllBut(present: ReadonlySet<number>): void {
    for (const [token, speaker] of this.#speakers) {
      if (present.has(token)) continue;
      const counters = speaker.counters();
      // What it still held is dropped with it.
      counters.flushed += counters.depthFrames;
      this.#retired.push(counters);
      this.#speakers.delete(token);
    }
  }

  /** Packet counters of all speakers, gone ones included. */
  jitterCounters(): QueueCounters & { held: number } {
    const present = [...this.#speakers.values()].map((speaker) => speaker.counters());
    const sum = { ...new FrameQueue(FRAME_SAMPLES).counters };
    for (const counters of [...this.#retired, ...present]) {
      for (const name of Object.keys(sum) as (keyof QueueCounters)[]) sum[name] += counters[name];
    }
    return { ...sum, held: present.reduce((held, { depthFrames }) => held + depthFrames, 0) };
  }

  /** Writes down which frame it is given, and sounds like nothing. */
  #createDecoder(): FrameDecoder {
    const silence = (into: Float32Array): number => {
      into.fill(0, 0, FRAME_SAMPLES);
      return FRAME_SAMPLES;
    };
    return {
      decode: (packet, into) => {
        this.#hear(packet, packet.length, this.#nowMs);
        return silence(into);
      },
      conceal: silence,
    };
  }

  #hear(payload: Uint8Array, length: number, nowMs: number): void {
    if (length !== PAYLOAD_BYTES) return;
    this.heard.push({ frame: readU32(payload, 0), speaker: readU32(payload, 4), atMs: nowMs });
  }
}
