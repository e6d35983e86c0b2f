/** Fixed header without contributing sources (RFC 3550, section 5.1), in bytes. */
export const RTP_HEADER_BYTES = 12;

/** Version 2 in the upper two bits; no padding, no extension, no contributing sources. */
const VERSION_BITS = 0x80;
const VERSION_MASK = 0xc0;
const PADDING_BIT = 0x20;
const EXTENSION_BIT = 0x10;
const SOURCES_MASK = 0x0f;
const MARKER_BIT = 0x80;

export interface RtpHeader {
  /** 0 to 127. */
  readonly payloadType: number;
  readonly marker: boolean;
  /** 16 bits. */
  readonly sequence: number;
  /** 32 bits. */
  readonly timestamp: number;
  /** 32 bits. */
  readonly ssrc: number;
}

export type RtpFailure = 'rtpTooShort' | 'rtpVersion' | 'rtpLengths';

export type RtpReading =
  | { readonly ok: true; readonly header: RtpHeader; readonly payload: Uint8Array }
  | { readonly ok: false; readonly reason: RtpFailure };

export function writeUint16(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 8;
  into[at + 1] = value;
}

export function writeUint32(into: Uint8Array, at: number, value: number): void {
  writeUint16(into, at, value >>> 16);
  writeUint16(into, at + 2, value);
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return (readUint16(bytes, at) * 0x10000 + readUint16(bytes, at + 2)) >>> 0;
}

/** Writes the fixed header of a packet at `at`: RTP_HEADER_BYTES. */
export function writeRtpHeader(into: Uint8Array, at: number, header: RtpHeader): void {
  into[at] = VERSION_BITS;
  into[at + 1] = (header.marker ? MARKER_BIT : 0) | header.payloadType;
  writeUint16(into, at + 2, header.sequence);
  writeUint32(into, at + 4, header.timestamp);
  writeUint32(into, at + 8, header.ssrc);
}

/** Takes a packet apart (RFC 3550, section 5.1): contributing sources, extension and padding are left out. */
export function readRtpPacket(bytes: Uint8Array): RtpReading {
  const [first = 0, second = 0] = bytes;
  if (bytes.length < RTP_HEADER_BYTES) return { ok: false, reason: 'rtpTooShort' };
  if ((first & VERSION_MASK) !== VERSION_BITS) return { ok: false, reason: 'rtpVersion' };
  let from = RTP_HEADER_BYTES + 4 * (first & SOURCES_MASK);
  if ((first & EXTENSION_BIT) !== 0) from += 4 + 4 * readUint16(bytes, from + 2);
  const padding = (first & PADDING_BIT) === 0 ? 0 : (bytes.at(-1) ?? 0);
  const to = bytes.length - padding;
  const isPaddingWrong = (first & PADDING_BIT) !== 0 && padding === 0;
  if (from > to || isPaddingWrong) return { ok: false, reason: 'rtpLengths' };
  return {
    ok: true,
    header: {
      payloadType: second & 0x7f,
      marker: (second & MARKER_BIT) !== 0,
      sequence: readUint16(bytes, 2),
      timestamp: readUint32(bytes, 4),
      ssrc: readUint32(bytes, 8),
    },
    payload: bytes.subarray(from, to),
  };
}
