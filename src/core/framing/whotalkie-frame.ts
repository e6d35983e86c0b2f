import { MAX_FRAME_BYTES, PROGRAM_RATE_HZ, type ProgramFrame } from '../program/program-frame.ts';
import { readU32, writeU32 } from '../wire/big-endian.ts';

/** sequence u32, timestamp_us u64, channels u8, payload_len u16; big-endian. The payload follows. */
export const WHOTALKIE_HEADER_BYTES = 15;

/** 2^32: what the upper half of a u64 counts. */
const UPPER_HALF = 4_294_967_296;

/** An Opus packet as it goes over a WebSocket, in either direction. */
export interface WhoTalkieFrame {
  /** Counts up by one per frame, modulo 2^32. */
  readonly sequence: number;
  /** Place in time of its first sample, in microseconds. */
  readonly timestampUs: number;
  readonly channels: 1 | 2;
  /** A view into the message it was read from. */
  readonly payload: Uint8Array;
}

export type FrameFault =
  | 'frameTooShort'
  | 'frameLengthWrong'
  | 'framePayloadEmpty'
  | 'framePayloadTooLong'
  | 'frameChannelsWrong'
  | 'frameTimeTooLarge';

export type FrameReading =
  | { readonly ok: true; readonly frame: WhoTalkieFrame }
  | { readonly ok: false; readonly reason: FrameFault };

/** Where a place in a program lies in time: microseconds since its first sample, whole ones, never backwards. */
export function timestampUsOf(positionSamples: number): number {
  return Math.floor((positionSamples * 1_000_000) / PROGRAM_RATE_HZ);
}

/**
 * Writes a program's frame behind whatever header the transport puts before it.
 *
 * @param target has room for WHOTALKIE_HEADER_BYTES and the payload from `at` on
 */
export function writeWhoTalkieFrame(target: Uint8Array, at: number, frame: ProgramFrame): void {
  const timestampUs = timestampUsOf(frame.position);
  writeU32(target, at, frame.sequence);
  writeU32(target, at + 4, Math.floor(timestampUs / UPPER_HALF));
  writeU32(target, at + 8, timestampUs);
  target[at + 12] = frame.channels;
  target[at + 13] = frame.payload.length >>> 8;
  target[at + 14] = frame.payload.length;
  target.set(frame.payload, at + WHOTALKIE_HEADER_BYTES);
}

/** Reads a binary message of a client: exactly one frame. */
export function readWhoTalkieFrame(message: Uint8Array): FrameReading {
  if (message.length < WHOTALKIE_HEADER_BYTES) return refuse('frameTooShort');
  const length = ((message[13] ?? 0) << 8) | (message[14] ?? 0);
  if (length === 0) return refuse('framePayloadEmpty');
  if (length > MAX_FRAME_BYTES) return refuse('framePayloadTooLong');
  if (message.length !== WHOTALKIE_HEADER_BYTES + length) return refuse('frameLengthWrong');
  const channels = message[12];
  if (channels !== 1 && channels !== 2) return refuse('frameChannelsWrong');
  const timestampUs = readU32(message, 4) * UPPER_HALF + readU32(message, 8);
  if (!Number.isSafeInteger(timestampUs)) return refuse('frameTimeTooLarge');
  const payload = message.subarray(WHOTALKIE_HEADER_BYTES);
  return { ok: true, frame: { sequence: readU32(message, 0), timestampUs, channels, payload } };
}

function refuse(reason: FrameFault): FrameReading {
  return { ok: false, reason };
}
