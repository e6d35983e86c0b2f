/** FIN and the opcode of binary messages (RFC 6455, section 5.2). */
const FINAL_BINARY = 0x82;

/** Lengths up to here stand in the second byte itself; up to MAX_BODY_BYTES in two more. */
const MAX_SHORT_LENGTH = 125;
const LENGTH_IN_TWO_BYTES = 126;

/** Longest body that is framed here: what two bytes of length tell. */
export const MAX_BODY_BYTES = 65_535;

/** Bytes of the head before a body of that length: a server's messages are not masked (RFC 6455, section 5.1). */
export function serverFrameHeadBytes(bodyBytes: number): 2 | 4 {
  return bodyBytes <= MAX_SHORT_LENGTH ? 2 : 4;
}

/**
 * Writes the head of a server's binary message in a single frame.
 *
 * @param bodyBytes 0 to MAX_BODY_BYTES
 */
export function writeServerFrameHead(target: Uint8Array, bodyBytes: number): void {
  target[0] = FINAL_BINARY;
  if (bodyBytes <= MAX_SHORT_LENGTH) {
    target[1] = bodyBytes;
    return;
  }
  target[1] = LENGTH_IN_TWO_BYTES;
  target[2] = bodyBytes >>> 8;
  target[3] = bodyBytes;
}
