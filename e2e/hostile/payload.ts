import { readU32, writeU32 } from '../../src/core/wire/big-endian.ts';
import { PAYLOAD_BYTES } from './honest-protocol.ts';

const SPEAKER_OFFSET = 0;
const NUMBER_OFFSET = 4;
const FILL_OFFSET = 8;

/** A numbered packet of the size of 32 kbit/s Opus, every byte of which follows from who speaks and its number. */
export function numberedPayload(speaker: number, number: number): Uint8Array {
  const payload = new Uint8Array(PAYLOAD_BYTES);
  writeU32(payload, SPEAKER_OFFSET, speaker);
  writeU32(payload, NUMBER_OFFSET, number);
  for (let at = FILL_OFFSET; at < PAYLOAD_BYTES; at += 1) payload[at] = fillAt(speaker, number, at);
  return payload;
}

/** Reads a packet back; null when it is not what `numberedPayload` made. */
export function readPayload(
  payload: Uint8Array,
): { readonly speaker: number; readonly number: number } | null {
  if (payload.length !== PAYLOAD_BYTES) return null;
  const speaker = readU32(payload, SPEAKER_OFFSET);
  const number = readU32(payload, NUMBER_OFFSET);
  for (let at = FILL_OFFSET; at < PAYLOAD_BYTES; at += 1) {
    if (payload[at] !== fillAt(speaker, number, at)) return null;
  }
  return { speaker, number };
}

function fillAt(speaker: number, number: number, at: number): number {
  return (Math.imul(speaker + at, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b)) >>> 24;
}
