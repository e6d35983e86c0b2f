import { FRAME_HEADER_BYTES } from '../../contract/listener-page.ts';

/** An Opus packet and its place in the program. */
export interface Frame {
  readonly timestampUs: number;
  /** A view into the message. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Reads a binary message; null: it is no frame. */
export function readFrame(message: ArrayBuffer): Frame | null {
  if (message.byteLength <= FRAME_HEADER_BYTES) return null;
  const view = new DataView(message);
  const timestampUs = Number(view.getBigUint64(4));
  const payload = new Uint8Array(message, FRAME_HEADER_BYTES);
  if (view.getUint16(13) !== payload.length || !Number.isSafeInteger(timestampUs)) return null;
  return { timestampUs, payload };
}

/** A binary message of our own: one channel. */
export function writeFrame(
  sequence: number,
  timestampUs: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  const view = new DataView(message.buffer);
  view.setUint32(0, sequence);
  view.setBigUint64(4, BigInt(timestampUs));
  view.setUint8(12, 1);
  view.setUint16(13, payload.length);
  message.set(payload, FRAME_HEADER_BYTES);
  return message;
}
