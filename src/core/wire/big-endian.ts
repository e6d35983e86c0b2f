/** u32 at `offset`, big-endian. Bytes beyond the end read as zero: callers check lengths first. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return readSigned32(bytes, offset) >>> 0;
}

/**
 * The same 32 bits as a signed number. V8 makes an object of a number above 2^31 that one function hands to another, and
 * none of these: whoever may allocate nothing takes this one, and `>>> 0` where it is used.
 */
export function readSigned32(bytes: Uint8Array, offset: number): number {
  const high = ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
  const low = ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0);
  return (high << 16) | low;
}

/** Writes `value` modulo 2^32 at `offset`, big-endian. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** True for an integer within 0 and 2^32 - 1. */
export function isU32(value: number): boolean {
  return value >>> 0 === value;
}
