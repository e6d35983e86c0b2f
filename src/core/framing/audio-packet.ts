import { PROGRAM_RATE_HZ, type ProgramFrame } from '../program/program-frame.ts';

/** type u8, timestamp u32 ms, duration u16 ms, sequence u32, length u32; little-endian. The payload follows. */
export const AUDIO_PACKET_HEADER_BYTES = 15;

/** First byte of an audio packet. */
export const AUDIO_PACKET_TYPE = 0x02;

/** What is said, byte for byte, to whoever asks while nothing is on. */
export const NOT_STREAMING_TEXT = '{"error": "Audio not streaming"}';

const SAMPLES_PER_MS = PROGRAM_RATE_HZ / 1_000;

/**
 * Writes a program's frame as an audio packet.
 *
 * @param target has room for AUDIO_PACKET_HEADER_BYTES and the payload from `at` on
 * @param startPosition place in the program where this listener's stream starts, in samples: its time zero
 */
export function writeAudioPacket(
  target: Uint8Array,
  at: number,
  frame: ProgramFrame,
  startPosition: number,
): void {
  target[at] = AUDIO_PACKET_TYPE;
  writeU32LittleEndian(target, at + 1, Math.floor((frame.position - startPosition) / SAMPLES_PER_MS));
  const durationMs = Math.floor(frame.samples / SAMPLES_PER_MS);
  target[at + 5] = durationMs;
  target[at + 6] = durationMs >>> 8;
  writeU32LittleEndian(target, at + 7, frame.sequence);
  writeU32LittleEndian(target, at + 11, frame.payload.length);
  target.set(frame.payload, at + AUDIO_PACKET_HEADER_BYTES);
}

/** Writes `value` modulo 2^32. */
function writeU32LittleEndian(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}
