import type { ActivationMode } from '../../core/voice/talk-gate.ts';

/** Slots of the ring between encoder and voice worker: more than a second of 20 ms packets. */
export const PACKET_RING_SLOTS = 64;

/** Largest packet the encoder is let to make: the voice datagram's limit less header, target and sealing. */
export const MAX_OPUS_PACKET_BYTES = 1100;

/** A packet that ends a talkspurt. */
export const PACKET_LAST = 1;
/** A packet of the hear-yourself test: comes back to the own speaker, does not leave the machine. */
export const PACKET_SELF_TEST = 2;

/** 48 kHz samples per millisecond. */
export const SAMPLES_PER_MS = 48;

export interface EncoderWorkerData {
  readonly captureMemory: SharedArrayBuffer;
  readonly packetMemory: SharedArrayBuffer;
  /** Start of the sample timestamps, u32, random. */
  readonly firstTimestamp: number;
}

/** Main thread to encoder worker. */
export type EncoderCommand =
  | { kind: 'codec'; bitrate: number; frameSamples: number }
  | { kind: 'activation'; mode: ActivationMode; thresholdDb: number }
  | { kind: 'pushToTalk'; held: boolean }
  | { kind: 'muted'; muted: boolean }
  /** Voice goes out only while in a room. */
  | { kind: 'inRoom'; inRoom: boolean }
  | { kind: 'selfTest'; on: boolean };

/** Encoder worker to main thread. */
export type EncoderEvent =
  /** At most 20 times a second. Level of the microphone in dBFS. */
  | { kind: 'level'; inputDb: number }
  | { kind: 'transmitting'; transmitting: boolean }
  | { kind: 'counters'; counters: Record<string, number> };

export interface VoiceWorkerData {
  readonly packetMemory: SharedArrayBuffer;
  readonly playbackMemory: SharedArrayBuffer;
}

/** Main thread to voice worker. */
export type VoiceCommand =
  | { kind: 'connect'; address: string; port: number; token: number; pathKey: Uint8Array }
  | { kind: 'disconnect' }
  | { kind: 'frameSamples'; frameSamples: number }
  | { kind: 'volume'; token: number; volume: number }
  | { kind: 'forget'; token: number }
  | { kind: 'forgetAll' }
  | { kind: 'deafened'; deafened: boolean };

/** Voice worker to main thread. */
export type VoiceEvent =
  /** At most 20 times a second. */
  | { kind: 'meters'; outputDb: number; talkingTokens: number[] }
  | { kind: 'path'; alive: boolean; pingMs: number | null }
  | { kind: 'counters'; groups: Record<string, Record<string, number>> };
