import type { Tags } from '../program/broadcast.ts';

/**
 * The two packets an Opus stream begins with in Ogg (RFC 7845, section 5). All numbers are little-endian.
 *
 *     OpusHead   0  8  "OpusHead"
 *                8  1  version, 1: decoders refuse those whose upper four bits are not 0
 *                9  1  channels
 *               10  2  samples at 48 kHz that are decoded and not played at the beginning
 *               12  4  rate of what was encoded, in Hz; says nothing about decoding
 *               16  2  gain, in dB as Q7.8
 *               18  1  mapping family; 0: mono or stereo, and nothing follows
 *
 *     OpusTags   0  8  "OpusTags"
 *                8  4  length of the vendor's name, then the name
 *                   4  count of comments, then each: its length (4) and "NAME=value", in UTF-8
 */
export const OPUS_HEAD_MAGIC = 'OpusHead';
export const OPUS_TAGS_MAGIC = 'OpusTags';

export const OPUS_HEAD_VERSION = 1;

/** Length of OpusHead with mapping family 0. */
export const OPUS_HEAD_BYTES = 19;

export interface OpusHead {
  readonly channels: 1 | 2;
  /** In samples at 48 kHz: 0 to 65,535. */
  readonly preSkipSamples: number;
}

const INPUT_RATE_HZ = 48_000;
const MAX_PRE_SKIP_SAMPLES = 0xffff;

/** Printable ASCII without "=" (RFC 7845 by way of the Vorbis comment specification, "Comment encoding"). */
const COMMENT_NAME = /^[\x20-\x3c\x3e-\x7d]+$/;

export function writeOpusHead({ channels, preSkipSamples }: OpusHead): Uint8Array {
  const packet = new Uint8Array(OPUS_HEAD_BYTES);
  const view = new DataView(packet.buffer);
  packet.set(encodeUtf8(OPUS_HEAD_MAGIC));
  view.setUint8(8, OPUS_HEAD_VERSION);
  view.setUint8(9, channels);
  view.setUint16(10, Math.min(preSkipSamples, MAX_PRE_SKIP_SAMPLES), true);
  view.setUint32(12, INPUT_RATE_HZ, true);
  return packet;
}

/** @param tags those whose name cannot stand in a comment are left out; names become capitals, as is the custom */
export function writeOpusTags(vendor: string, tags: Tags): Uint8Array {
  const comments = tags
    .filter(([name]) => COMMENT_NAME.test(name))
    .map(([name, value]) => encodeUtf8(`${name.toUpperCase()}=${value}`));
  const vendorBytes = encodeUtf8(vendor);
  const packet = new Uint8Array(
    OPUS_TAGS_MAGIC.length +
      4 +
      vendorBytes.length +
      4 +
      comments.reduce((sum, { length }) => sum + 4 + length, 0),
  );
  const view = new DataView(packet.buffer);
  packet.set(encodeUtf8(OPUS_TAGS_MAGIC));
  let at = OPUS_TAGS_MAGIC.length;
  const append = (bytes: Uint8Array): void => {
    view.setUint32(at, bytes.length, true);
    packet.set(bytes, at + 4);
    at += 4 + bytes.length;
  };
  append(vendorBytes);
  view.setUint32(at, comments.length, true);
  at += 4;
  for (const comment of comments) append(comment);
  return packet;
}

/** Stands for half of a surrogate pair, which UTF-8 cannot carry. */
const REPLACEMENT = 0xfffd;

/** The core has no TextEncoder. */
function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const read = character.codePointAt(0) ?? REPLACEMENT;
    const point = read >= 0xd800 && read <= 0xdfff ? REPLACEMENT : read;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), tail(point));
    else if (point < 0x1_0000) bytes.push(0xe0 | (point >> 12), tail(point >> 6), tail(point));
    else bytes.push(0xf0 | (point >> 18), tail(point >> 12), tail(point >> 6), tail(point));
  }
  return Uint8Array.from(bytes);
}

function tail(bits: number): number {
  return 0x80 | (bits & 0x3f);
}
