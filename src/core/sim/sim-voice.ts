import type { SeqNo, SessionToken } from '../base/brand.ts';
import { JitterBuffer, type JitterCounters } from '../jitter/jitter-buffer.ts';
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
  readonly #slot = JitterBuffer.createSlot();
  readonly #jitters = new Map<number, JitterBuffer>();
  readonly #retired: JitterCounters[] = [];
  #token: number | null = null;
  /** Next sequence by target, null being the channel. */
  readonly #sequences = new Map<number | null, number>();

  /** @param speaker stands in every payload */
  constructor(speaker: number) {
    this.#speaker = speaker;
  }

  /** Speakers with a jitter buffer. */
  get speakerCount(): number {
    return this.#jitters.size;
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
    let jitter = this.#jitters.get(header.token);
    if (jitter === undefined) {
      jitter = new JitterBuffer({ frameSamples: FRAME_SAMPLES });
      this.#jitters.set(header.token, jitter);
    }
    const last = (header.flags & FLAG_LAST) !== 0;
    jitter.handlePacket(header.sequence, header.timestamp, last, payload, nowMs);
  }

  /** The sound device asks for its next frame. */
  play(nowMs: number): void {
    for (const jitter of this.#jitters.values()) {
      if (jitter.pull(nowMs, this.#slot) !== 'frame') continue;
      this.#hear(this.#slot.payload, this.#slot.length, nowMs);
      this.#hear(this.#slot.second, this.#slot.secondLength, nowMs);
    }
  }

  forgetAllBut(present: ReadonlySet<number>): void {
    for (const [token, jitter] of this.#jitters) {
      if (present.has(token)) continue;
      const counters = jitter.counters();
      // What it still held is dropped with it.
      counters.flushed += jitter.depthFrames;
      this.#retired.push(counters);
      this.#jitters.delete(token);
    }
  }

  /** Jitter counters of all speakers, gone ones included. */
  jitterCounters(): JitterCounters & { held: number } {
    const present = [...this.#jitters.values()];
    const all = [...this.#retired, ...present.map((jitter) => jitter.counters())];
    const sum = new JitterBuffer({ frameSamples: FRAME_SAMPLES }).counters();
    for (const counters of all) {
      for (const name of Object.keys(sum) as (keyof JitterCounters)[]) sum[name] += counters[name];
    }
    return { ...sum, held: present.reduce((held, jitter) => held + jitter.depthFrames, 0) };
  }

  #hear(payload: Uint8Array, length: number, nowMs: number): void {
    if (length !== PAYLOAD_BYTES) return;
    this.heard.push({ frame: readU32(payload, 0), speaker: readU32(payload, 4), atMs: nowMs });
  }
}
