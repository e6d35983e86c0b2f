/**
 * Layout of an Ogg page (RFC 3533, section 6). All numbers are little-endian:
 *
 *     0   4  "OggS"
 *     4   1  version, 0
 *     5   1  flags
 *     6   8  granule position of the last packet that ends on the page; -1: none does
 *    14   4  serial number of the logical stream
 *    18   4  sequence number of the page within it
 *    22   4  CRC of the whole page, counted with zeros in this place
 *    26   1  number of segments
 *    27      their lengths, one byte each: a packet ends with the first segment shorter than 255
 */

/** "OggS". */
export const OGG_CAPTURE: readonly number[] = [0x4f, 0x67, 0x67, 0x53];

export const OGG_VERSION = 0;

/** Where the fields of a page begin. */
export const OGG_VERSION_AT = 4;
export const OGG_FLAGS_AT = 5;
export const OGG_GRANULE_AT = 6;
export const OGG_SERIAL_AT = 14;
export const OGG_SEQUENCE_AT = 18;
export const OGG_CRC_AT = 22;
export const OGG_SEGMENT_COUNT_AT = 26;

/** A page's header without its segment table, in bytes. */
export const OGG_HEADER_BYTES = 27;

/** The first segment goes on with a packet that began on an earlier page. */
export const OGG_CONTINUED = 1;
/** First page of a logical stream. */
export const OGG_FIRST = 2;
/** Last page of a logical stream. */
export const OGG_LAST = 4;

/** Granule position of a page on which no packet ends. */
export const OGG_NO_GRANULE = -1n;

/** The count of segments is one byte. */
export const MAX_OGG_SEGMENTS = 255;

/** A segment of this length says that the packet goes on in the next one. */
export const OGG_FULL_SEGMENT_BYTES = 255;

/** Longest page there can be: header, full table, full segments. */
export const MAX_OGG_PAGE_BYTES =
  OGG_HEADER_BYTES + MAX_OGG_SEGMENTS + MAX_OGG_SEGMENTS * OGG_FULL_SEGMENT_BYTES;

/** One page with its header read. */
export interface OggPage {
  /** The page whole, as it stands in the stream. */
  readonly bytes: Uint8Array;
  /** Unsigned, 32 bits. */
  readonly serial: number;
  /** Unsigned, 32 bits. */
  readonly sequence: number;
  /** Signed; OGG_NO_GRANULE: no packet ends on it. */
  readonly granule: bigint;
  readonly continued: boolean;
  readonly first: boolean;
  readonly last: boolean;
  /** The segment table: a view into `bytes`. */
  readonly segments: Uint8Array;
  /** What the segments hold: a view into `bytes`. */
  readonly body: Uint8Array;
}

/** Generator of Ogg's CRC, without reflection, beginning with zero. */
const CRC_POLYNOMIAL = 0x04c11db7;

const CRC_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) {
    value = value < 0 ? (value << 1) ^ CRC_POLYNOMIAL : value << 1;
  }
  return value;
});

const ZEROS = new Uint8Array(4);

/**
 * CRC of `bytes` between two places.
 *
 * @param before CRC of what stands before them
 * @returns unsigned, 32 bits
 */
export function oggCrc(bytes: Uint8Array, from = 0, to = bytes.length, before = 0): number {
  let crc = before;
  for (let at = from; at < to; at += 1) {
    crc = (crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ (bytes[at] ?? 0)] ?? 0);
  }
  return crc >>> 0;
}

/** The CRC that a page must show, whatever stands in its field. @param page the page whole */
export function oggPageCrc(page: Uint8Array): number {
  const head = oggCrc(page, 0, OGG_CRC_AT);
  return oggCrc(page, OGG_SEGMENT_COUNT_AT, page.length, oggCrc(ZEROS, 0, ZEROS.length, head));
}
