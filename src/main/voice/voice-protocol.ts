import type { ChaosSettings } from '../../core/chaos/chaos-settings.ts';
import type { ProcessingSettings, StageReport } from '../../core/processing/processing-chain.ts';
import type { ActivationMode } from '../../core/voice/talk-gate.ts';
import type { VoicePath } from '../../core/wire/control.ts';
import type { HearingReport } from '../../core/wire/hearing.ts';

/** Slots of the ring between encoder and voice worker: more than a second of 20 ms packets. */
export const PACKET_RING_SLOTS = 64;

/** Largest packet the encoder is let to make: the voice datagram's limit less header, target and sealing. */
export const MAX_OPUS_PACKET_BYTES = 1100;

/** A packet that ends a talkspurt. */
export const PACKET_LAST = 1;
/** A packet of the hear-yourself test: comes back to the own speaker, does not leave the machine. */
export const PACKET_SELF_TEST = 2;

/** Bits of a packet's kind below the whisper it belongs to: the flags. */
const WHISPER_SHIFT = 8;
/** Bits of a whisper's number below its generation: the slot. */
const GENERATION_SHIFT = 8;
/** Generations before they repeat: what is left of a positive i32. A packet is never this far behind a command. */
const GENERATIONS = 2 ** 15;

/**
 * Number of the whisper to what a slot stands for. Each time the slot is given to another target it is another
 * generation, so that no packet of the one before can reach the new one.
 *
 * @param slot 1 to MAX_WHISPER_SLOTS
 */
export function whisperNumber(slot: number, generation: number): number {
  return slot | ((generation % GENERATIONS) << GENERATION_SHIFT);
}

/** The slot of a whisper's number. */
export function whisperSlot(whisper: number): number {
  return whisper & ((1 << GENERATION_SHIFT) - 1);
}

/** Kind of a packet in the ring: flags in the low byte, the whisper (0: the channel) above it. */
export function packetKind(flags: number, whisper: number): number {
  return flags | (whisper << WHISPER_SHIFT);
}

/** The whisper a packet belongs to; 0: the channel. */
export function packetWhisper(kind: number): number {
  return kind >>> WHISPER_SHIFT;
}

export interface EncoderWorkerData {
  readonly captureMemory: SharedArrayBuffer;
  readonly packetMemory: SharedArrayBuffer;
  /** What the speaker plays, for the echo canceller. */
  readonly referenceMemory: SharedArrayBuffer;
  /** Start of the sample timestamps, u32, random. */
  readonly firstTimestamp: number;
}

/** The thread ends by itself: ended from outside while it is inside the codec, it would take the program with it. */
export type FarewellCommand = { readonly kind: 'close' };

/** Main thread to encoder worker. */
export type EncoderCommand =
  | FarewellCommand
  | { kind: 'codec'; bitrate: number; frameSamples: number }
  | { kind: 'activation'; mode: ActivationMode; thresholdDb: number }
  | { kind: 'pushToTalk'; held: boolean }
  /** The whisper (see `whisperNumber`, or NOBODY) whose key is held; null: none. */
  | { kind: 'whisper'; whisper: number | null }
  | { kind: 'muted'; muted: boolean }
  /** Voice goes out only while in a room. */
  | { kind: 'inRoom'; inRoom: boolean }
  | { kind: 'selfTest'; on: boolean }
  | { kind: 'processing'; settings: ProcessingSettings }
  | { kind: 'talkTiming'; releaseDelayMs: number; preRollMs: number }
  /** Rings that take the sound before and behind the processing; null: nobody records. */
  | { kind: 'taps'; memories: { raw: SharedArrayBuffer; processed: SharedArrayBuffer } | null }
  /** How often counters are reported, in ms. */
  | { kind: 'reportEvery'; intervalMs: number };

/** Encoder worker to main thread. */
export type EncoderEvent =
  /** At most 20 times a second. Level of the microphone in dBFS. */
  | { kind: 'level'; inputDb: number }
  /** `whispering`: what goes out is a whisper. */
  | { kind: 'transmitting'; transmitting: boolean; whispering: boolean }
  /** With each report of counters. */
  | { kind: 'processing'; stages: StageReport[] }
  | { kind: 'counters'; counters: Record<string, number> };

/**
 * Numbers of datagrams that one voice thread has to itself: 50 a second last 2.7 years. The next thread begins above
 * them, so that receivers, who take no number of a session twice, hear it. 2^21 threads fit the field.
 */
export const SEQUENCES_PER_THREAD = 2 ** 32;

export interface VoiceWorkerData {
  /** How many voice threads there were before this one. */
  readonly threadsBefore: number;
  readonly packetMemory: SharedArrayBuffer;
  readonly playbackMemory: SharedArrayBuffer;
}

/** AES-128 key and 96-bit salt, as bytes: a key object cannot be sent to a thread. */
export interface KeyBytes {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** Main thread to voice worker. */
export type VoiceCommand =
  | FarewellCommand
  /** With the token of the session before, only the path is new. */
  | { kind: 'connect'; address: string; port: number; token: number; pathKey: Uint8Array }
  | { kind: 'disconnect' }
  | { kind: 'frameSamples'; frameSamples: number }
  | { kind: 'volume'; token: number; volume: number }
  | { kind: 'muteMember'; token: number; muted: boolean }
  | { kind: 'forget'; token: number }
  | { kind: 'deafened'; deafened: boolean }
  /** Keys of the channel: our own to send under, those of the members (token, key, salt) to open. */
  | {
      kind: 'epoch';
      keyId: number;
      own: KeyBytes | null;
      members: readonly (readonly [number, Uint8Array, Uint8Array])[];
    }
  /** What a whisper of ours stands for from now on, in the place of any other of its slot. */
  | ({ kind: 'whisperTarget'; whisper: number; target: number; keyId: number } & KeyBytes)
  | { kind: 'noWhisperTarget'; slot: number }
  /** A key that somebody whispers to us under. */
  | ({ kind: 'whisperKey'; from: number; target: number; keyId: number } & KeyBytes)
  /** A datagram that came over the control lane. */
  | { kind: 'laneDatagram'; bytes: Uint8Array }
  /** How many earlier frames go along with each, and every how manieth. */
  | { kind: 'redundancy'; copies: number; spacing: number }
  | { kind: 'chaos'; settings: ChaosSettings; seed: number }
  | { kind: 'startTrace' }
  /** Answered by `trace`. */
  | { kind: 'stopTrace' }
  /** A trace as text, checked before; null: no more. */
  | { kind: 'replayTrace'; text: string | null }
  /** A ring that takes what is played; one for each speaker is announced by `tapOpened`. Null: nobody records. */
  | { kind: 'taps'; mixMemory: SharedArrayBuffer | null }
  /** How often counters are reported, in ms. */
  | { kind: 'reportEvery'; intervalMs: number };

/** Voice worker to main thread. */
export type VoiceEvent =
  /** At most 20 times a second. */
  | { kind: 'meters'; outputDb: number; talkingTokens: number[]; whisperingTokens: number[] }
  /** On a change; `deafForMs` is in whole seconds, so at most once a second while deaf. */
  | { kind: 'path'; alive: boolean; pingMs: number | null; deafForMs: number | null }
  /** The way that voice takes from now on; the relay must be told. */
  | { kind: 'voicePath'; path: VoicePath }
  /** To be sent over the control lane, or dropped where that is backed up. */
  | { kind: 'laneDatagram'; bytes: Uint8Array }
  /** What is lost of the voices in our channel, for the relay to tell them. */
  | { kind: 'hearing'; reports: HearingReport[] }
  /** The trace that was recorded. */
  | { kind: 'trace'; text: string; packets: number }
  /** A speaker is recorded from now on, in a ring of its own whose first sample is sample `startSample` of the recording. */
  | { kind: 'tapOpened'; token: number; memory: SharedArrayBuffer; startSample: number }
  | { kind: 'counters'; groups: Record<string, Record<string, number>> };
