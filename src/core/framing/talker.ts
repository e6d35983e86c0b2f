import { PROGRAM_RATE_HZ } from '../program/program-frame.ts';
import { opusPacketSamples } from '../voice/opus-duration.ts';
import { readWhoTalkieFrame } from './whotalkie-frame.ts';

/**
 * Longest Opus packet of a talking listener, in bytes: 60 ms at 128 kbit/s; the members' voice datagrams have no room
 * for more.
 */
export const MAX_TALK_BYTES = 960;

/** Longest packet in samples: 60 ms. */
export const MAX_TALK_SAMPLES = 2_880;

/** Set in the first byte of a packet that is coded in stereo (RFC 6716, section 3.1). */
const STEREO_BIT = 4;

/** Sound that may come at once, in ms: what waited for a jammed network. */
const MAX_BURST_MS = 1_000;

/** Sound may come this much faster than time goes: clocks differ. */
const MAX_PACE = 1.05;

/** A talker who sends nothing for so long has let go of the key, in ms. */
export const TALK_PAUSE_MS = 300;

/** Why a message of a talker was not taken. */
export const TALK_FAULTS = [
  'frameTooShort',
  'frameLengthWrong',
  'framePayloadEmpty',
  'framePayloadTooLong',
  'frameChannelsWrong',
  'frameTimeTooLarge',
  'talkNotMono',
  'talkTooLong',
  'talkTooFast',
  'talkNotOpus',
] as const;
export type TalkFault = (typeof TALK_FAULTS)[number];

export type TalkReading =
  /** `first`: of a talkspurt. */
  | { readonly ok: true; readonly packet: Uint8Array; readonly first: boolean }
  | { readonly ok: false; readonly reason: TalkFault };

/** What one listener says: reads its frames, and bounds how much comes of them. */
export class Talker {
  /** Sound that may still come, in ms. */
  #allowanceMs = MAX_BURST_MS;
  #refilledAtMs: number;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: number) {
    this.#refilledAtMs = nowMs;
  }

  /** @param message a binary message; the packet is a view into it */
  handleMessage(message: Uint8Array, nowMs: number): TalkReading {
    const read = readWhoTalkieFrame(message);
    if (!read.ok) return read;
    const { channels, payload } = read.frame;
    if (channels !== 1 || ((payload[0] ?? 0) & STEREO_BIT) !== 0) return { ok: false, reason: 'talkNotMono' };
    const samples = opusPacketSamples(payload);
    if (samples === 0) return { ok: false, reason: 'talkNotOpus' };
    if (samples > MAX_TALK_SAMPLES || payload.length > MAX_TALK_BYTES)
      return { ok: false, reason: 'talkTooLong' };
    if (!this.#take((samples * 1_000) / PROGRAM_RATE_HZ, nowMs)) return { ok: false, reason: 'talkTooFast' };
    const first = nowMs - this.#lastAtMs >= TALK_PAUSE_MS;
    this.#lastAtMs = nowMs;
    return { ok: true, packet: payload, first };
  }

  #take(durationMs: number, nowMs: number): boolean {
    const refill = (nowMs - this.#refilledAtMs) * MAX_PACE;
    this.#allowanceMs = Math.min(MAX_BURST_MS, this.#allowanceMs + refill);
    this.#refilledAtMs = nowMs;
    if (this.#allowanceMs < durationMs) return false;
    this.#allowanceMs -= durationMs;
    return true;
  }
}
