/** Opens a mark; the same in c/listeners.c. */
const MAGIC = Uint8Array.of(0xa5, 0x6d, 0x61, 0x72, 0x6b, 0x65, 0x64, 0x5a);

/** Number and time behind it. */
const NUMBER_AT = 1 + MAGIC.length;
const TIME_AT = NUMBER_AT + 4;

/** 20 ms at 64 kbit/s, as music is sent. */
export const PACKET_BYTES = 160;

/** First byte of an Opus packet of one frame of 20 ms, CELT, full band, mono (RFC 6716, section 3.1). */
const TOC = 0xf8;

/**
 * An Opus packet that says when it was sent. Nobody decodes it: what is measured is its way.
 *
 * @param number counts up by one
 * @param nowNs of CLOCK_MONOTONIC, which all processes of a machine share
 */
export function markedPacket(number: number, nowNs: bigint): Uint8Array {
  const packet = new Uint8Array(PACKET_BYTES);
  const view = new DataView(packet.buffer);
  packet[0] = TOC;
  packet.set(MAGIC, 1);
  view.setUint32(NUMBER_AT, number);
  view.setBigUint64(TIME_AT, nowNs);
  return packet;
}
