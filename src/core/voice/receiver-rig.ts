import { assert } from '../base/assert.ts';
import type { SessionToken } from '../base/brand.ts';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { createHeader, decodeHeader, WHISPER_LIST_BIT } from '../wire/datagram.ts';
import type { FrameDecoder } from './speaker.ts';
import { toyKey } from './toy-key.ts';
import { VoiceReceiver } from './voice-receiver.ts';
import { VoiceSender } from './voice-sender.ts';

export const FRAME_SAMPLES = 960;
export const BLOCK_SAMPLES = 480;
export const FRAME_MS = 20;
export const OWN_TOKEN = 500;
export const LIST = WHISPER_LIST_BIT + 4;

/** CELT, 20 ms and 10 ms, one frame (RFC 6716, section 3.1). */
export const TOC_20_MS = 31 << 3;
export const TOC_10_MS = 30 << 3;

/** Decodes a packet (the first byte is as in Opus) into a constant of so many hundredths; conceals with 0.01. */
export class ConstantDecoder implements FrameDecoder {
  decode(packet: Uint8Array, into: Float32Array): number {
    const [toc, value = 0] = packet;
    if (toc === undefined || value === 255) return 0;
    const samples = toc === TOC_10_MS ? FRAME_SAMPLES / 2 : FRAME_SAMPLES;
    into.fill(value / 100, 0, samples);
    return samples;
  }

  conceal(into: Float32Array): number {
    into.fill(0.01, 0, FRAME_SAMPLES);
    return FRAME_SAMPLES;
  }
}

export const token = (value: number): SessionToken => value as SessionToken;

export const packet = (value: number): Uint8Array => Uint8Array.of(TOC_20_MS, value);

export const channelKey = (speaker: number) => toyKey(1, speaker);

export const whisperKey = (speaker: number, target: number) => toyKey(2, speaker * 31 + target);

/** A receiver that holds the channel keys of everybody from 1 to `members`. */
export function createReceiver(members = 30): VoiceReceiver {
  const receiver = new VoiceReceiver({ createDecoder: () => new ConstantDecoder() });
  const keys = Array.from({ length: members }, (_, at) => [at + 1, channelKey(at + 1)] as const);
  receiver.setEpoch(1, new Map(keys), 0);
  return receiver;
}

/** Somebody else's sending side, with keys for the channel and for whispers to us and to a list. */
export class Talker {
  readonly #sender = new VoiceSender();
  readonly #header = createHeader();
  readonly #receiver: VoiceReceiver;
  lastDatagram = new Uint8Array(0);
  /** What is said does not arrive. */
  lost = false;

  constructor(receiver: VoiceReceiver, speaker: number) {
    this.#receiver = receiver;
    this.#sender.setToken(token(speaker));
    this.#sender.setChannelKey(channelKey(speaker));
    for (const target of [OWN_TOKEN, LIST]) this.#sender.setWhisperKey(target, whisperKey(speaker, target));
  }

  say(payload: Uint8Array, frame: number, nowMs: number, target = CHANNEL_TARGET, last = false): void {
    this.#sender.handleFrame(payload, payload.length, frame * FRAME_SAMPLES, last, target, {
      sendDatagram: (bytes, lengthBytes) => {
        if (!this.lost) this.deliver(bytes.slice(0, lengthBytes), nowMs);
      },
    });
  }

  setRedundancy(copies: number, spacing: number): void {
    this.#sender.setRedundancy(copies, spacing);
  }

  deliver(bytes: Uint8Array<ArrayBuffer>, nowMs: number): void {
    this.lastDatagram = bytes;
    assert(decodeHeader(bytes, bytes.length, this.#header).ok, 'senders make datagrams');
    this.#receiver.handleDatagram(this.#header, bytes, bytes.length, nowMs);
  }
}

export interface Speech {
  readonly talker: Talker;
  readonly value: number;
  readonly target?: number;
}

/** Plays `frames` frames of constants and mixes meanwhile; returns the mixed samples. */
export function play(
  receiver: VoiceReceiver,
  speeches: readonly Speech[],
  frames: number,
  startMs = 0,
): Float32Array {
  const mixed = new Float32Array(frames * FRAME_SAMPLES);
  const block = new Float32Array(BLOCK_SAMPLES);
  for (let frame = 0; frame < frames; frame += 1) {
    const nowMs = startMs + frame * FRAME_MS;
    for (const { talker, value, target } of speeches) {
      talker.say(packet(value), startMs / FRAME_MS + frame, nowMs, target);
    }
    for (let part = 0; part < 2; part += 1) {
      receiver.mix(block, BLOCK_SAMPLES, nowMs + part * 10);
      mixed.set(block, frame * FRAME_SAMPLES + part * BLOCK_SAMPLES);
    }
  }
  return mixed;
}

/** Everybody in `speakers` (token: value) talks in the channel. */
export function talk(
  receiver: VoiceReceiver,
  speakers: Record<number, number>,
  frames: number,
): Float32Array {
  const speeches = Object.entries(speakers).map(([speaker, value]) => ({
    talker: new Talker(receiver, Number(speaker)),
    value,
  }));
  return play(receiver, speeches, frames);
}

/** Level once fades and ramps are over. */
export function settled(mixed: Float32Array): number {
  return mixed.at(-1) ?? Number.NaN;
}
