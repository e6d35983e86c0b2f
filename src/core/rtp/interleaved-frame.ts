import { writeUint16 } from './rtp-packet.ts';

/** `$`, the channel and the length: what goes before a packet inside an RTSP connection (RFC 2326, section 10.12). */
export const INTERLEAVED_HEADER_BYTES = 4;

/** The byte that tells such a frame from a message: `$`. */
export const INTERLEAVED_MAGIC = 0x24;

/** Writes the header of a frame in front of a packet of `lengthBytes` bytes. */
export function writeInterleavedHeader(into: Uint8Array, channel: number, lengthBytes: number): void {
  into[0] = INTERLEAVED_MAGIC;
  into[1] = channel;
  writeUint16(into, 2, lengthBytes);
}
