import type { SessionToken } from '../base/brand.ts';
import {
  type DatagramHeader,
  FLAG_CONTROL,
  FLAG_LAST,
  FLAG_REDUNDANT,
  FLAG_SEALED,
  FLAG_WHISPER,
} from '../wire/datagram.ts';
import { levelDb, SILENCE_DB, softLimit } from './level.ts';
import { type FrameDecoder, Speaker } from './speaker.ts';

/** Most speakers decoded at once. Each holds a decoder of some 20 KB; nobody can follow more than a few. */
export const MAX_SPEAKERS = 64;

/** A speaker who was silent this long gives its decoder back, in ms. */
export const SPEAKER_IDLE_MS = 30_000;

/** The token under which the own voice comes back in the hear-yourself test; no relay hands out 0. */
export const SELF_TEST_TOKEN = 0 as SessionToken;

export interface VoiceReceiverOptions {
  createDecoder(): FrameDecoder;
}

/** Receives voice datagrams of all speakers of a channel and mixes what is to be heard. */
export class VoiceReceiver {
  readonly #createDecoder: () => FrameDecoder;
  readonly #speakers = new Map<SessionToken, Speaker>();
  readonly #volumes = new Map<number, number>();
  readonly #retired: Record<string, number> = {};
  #frameSamples = 960;
  #outputLevelDb = SILENCE_DB;
  #accepted = 0;
  #tooManySpeakers = 0;
  #notSupported = 0;
  /** Hears nobody, the hear-yourself test excepted. */
  deafened = false;

  constructor(options: VoiceReceiverOptions) {
    this.#createDecoder = options.createDecoder;
  }

  /** Frame length of the channel; speakers heard from now on use it. */
  setFrameSamples(frameSamples: number): void {
    if (frameSamples === this.#frameSamples) return;
    this.#frameSamples = frameSamples;
    this.clear();
  }

  /** Level of the last mixed block, in dBFS. */
  get outputLevelDb(): number {
    return this.#outputLevelDb;
  }

  /** Linear gain of one speaker, kept while the speaker is silent. */
  setVolume(token: SessionToken, volume: number): void {
    this.#volumes.set(token, volume);
    this.#speakers.get(token)?.setVolume(volume);
  }

  /** Forgets all speakers: another channel, another room. */
  clear(): void {
    for (const token of [...this.#speakers.keys()]) this.#retire(token);
  }

  forget(token: SessionToken): void {
    this.#retire(token);
    this.#volumes.delete(token);
  }

  /** Takes in a voice datagram whose header was decoded. CONTROL datagrams belong to the path engine. */
  handleDatagram(header: DatagramHeader, bytes: Uint8Array, lengthBytes: number, nowMs: number): void {
    if ((header.flags & (FLAG_CONTROL | FLAG_REDUNDANT | FLAG_SEALED | FLAG_WHISPER)) !== 0) {
      this.#notSupported += 1;
      return;
    }
    const payload = bytes.subarray(header.payloadOffset, lengthBytes);
    const last = (header.flags & FLAG_LAST) !== 0;
    this.handleFrame(header.token, header.sequence, header.timestamp, last, payload, nowMs);
  }

  /** Takes in one encoded frame. */
  handleFrame(
    token: SessionToken,
    sequence: number,
    timestamp: number,
    last: boolean,
    payload: Uint8Array,
    nowMs: number,
  ): void {
    const speaker = this.#speakers.get(token) ?? this.#admit(token, nowMs);
    if (speaker === null) {
      this.#tooManySpeakers += 1;
      return;
    }
    this.#accepted += 1;
    speaker.handlePacket(sequence, timestamp, last, payload, nowMs);
  }

  /** Fills `mix` with the next `count` samples of everybody. */
  mix(mix: Float32Array, count: number, nowMs: number): void {
    mix.fill(0, 0, count);
    for (const [token, speaker] of this.#speakers) {
      const audible = !this.deafened || token === SELF_TEST_TOKEN;
      speaker.render(mix, count, audible, nowMs);
    }
    softLimit(mix, count);
    this.#outputLevelDb = levelDb(mix, count);
  }

  /** Tokens of those who are heard right now. */
  talkingTokens(): SessionToken[] {
    const tokens: SessionToken[] = [];
    for (const [token, speaker] of this.#speakers) if (speaker.talking) tokens.push(token);
    return tokens;
  }

  /** Gives back the decoders of speakers who fell silent. Call it now and then. */
  handleDeadline(nowMs: number): void {
    for (const [token, speaker] of this.#speakers) {
      if (nowMs - speaker.lastPacketMs > SPEAKER_IDLE_MS) this.#retire(token);
    }
  }

  /** Counters of all speakers, present and gone, summed. */
  counters(): Record<string, number> {
    const sum: Record<string, number> = { ...this.#retired };
    for (const speaker of this.#speakers.values()) addInto(sum, { ...speaker.counters() });
    return {
      ...sum,
      accepted: this.#accepted,
      tooManySpeakers: this.#tooManySpeakers,
      notSupported: this.#notSupported,
      speakers: this.#speakers.size,
    };
  }

  /** Counters of each present speaker. */
  speakerCounters(): Map<SessionToken, Record<string, number>> {
    const all = new Map<SessionToken, Record<string, number>>();
    for (const [token, speaker] of this.#speakers) all.set(token, { ...speaker.counters() });
    return all;
  }

  #admit(token: SessionToken, nowMs: number): Speaker | null {
    if (this.#speakers.size >= MAX_SPEAKERS) this.handleDeadline(nowMs);
    if (this.#speakers.size >= MAX_SPEAKERS) return null;
    const speaker = new Speaker(this.#frameSamples, this.#createDecoder());
    speaker.setVolume(this.#volumes.get(token) ?? 1);
    this.#speakers.set(token, speaker);
    return speaker;
  }

  #retire(token: SessionToken): void {
    const speaker = this.#speakers.get(token);
    if (speaker === undefined) return;
    const counters: Record<string, number> = { ...speaker.counters() };
    // What was held is gone with the speaker; the depth is no sum over time.
    counters['depthFrames'] = 0;
    addInto(this.#retired, counters);
    this.#speakers.delete(token);
  }
}

function addInto(sum: Record<string, number>, counters: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counters)) sum[name] = (sum[name] ?? 0) + value;
}
