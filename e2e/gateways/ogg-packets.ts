/** One packet of an Ogg stream as somebody received it. */
export interface ReceivedPacket {
  readonly bytes: Buffer;
  readonly serial: number;
}

/** A page of it. */
export interface ReceivedPage {
  readonly bytes: Buffer;
  readonly serial: number;
  readonly sequence: number;
  readonly continued: boolean;
  readonly first: boolean;
  readonly last: boolean;
  readonly granule: bigint;
}

/** Pages of bytes that begin with one; what is cut off at the end is left out. @throws Error at what is no page */
export function pagesOf(bytes: Buffer): ReceivedPage[] {
  const pages: ReceivedPage[] = [];
  for (let at = 0; at + 27 <= bytes.length; ) {
    if (bytes.toString('latin1', at, at + 4) !== 'OggS') throw new Error(`no page at byte ${at}`);
    const bodyAt = at + 27 + bytes.readUInt8(at + 26);
    const end = bytes.subarray(at + 27, bodyAt).reduce((sum, length) => sum + length, bodyAt);
    if (bodyAt > bytes.length || end > bytes.length) break;
    const flags = bytes.readUInt8(at + 5);
    pages.push({
      bytes: bytes.subarray(at, end),
      serial: bytes.readUInt32LE(at + 14),
      sequence: bytes.readUInt32LE(at + 18),
      continued: (flags & 1) !== 0,
      first: (flags & 2) !== 0,
      last: (flags & 4) !== 0,
      granule: bytes.readBigInt64LE(at + 6),
    });
    at = end;
  }
  return pages;
}

/** Packets of pages, headers among them. */
export function packetsOf(pages: readonly ReceivedPage[]): ReceivedPacket[] {
  const packets: ReceivedPacket[] = [];
  let parts: Buffer[] = [];
  for (const { bytes, serial, continued } of pages) {
    if (!continued) parts = [];
    let at = 27 + bytes.readUInt8(26);
    for (const length of bytes.subarray(27, at)) {
      parts.push(bytes.subarray(at, at + length));
      at += length;
      if (length === 255) continue;
      packets.push({ bytes: Buffer.concat(parts), serial });
      parts = [];
    }
  }
  return packets;
}

function isHeader({ bytes }: ReceivedPacket): boolean {
  const magic = bytes.toString('latin1', 0, 8);
  return magic === 'OpusHead' || magic === 'OpusTags';
}

/** The packets of sound. */
export function soundOf(bytes: Buffer): Buffer[] {
  return packetsOf(pagesOf(bytes))
    .filter((packet) => !isHeader(packet))
    .map((packet) => packet.bytes);
}

/**
 * Counts packets that were published, in a row and byte for byte.
 *
 * @param published what was sent over and over
 * @throws Error at the first that is another one
 */
export function countEqual(received: readonly Buffer[], published: readonly Buffer[]): number {
  const [first] = received;
  if (first === undefined) throw new Error('no packet was received');
  const places = published.flatMap((packet, index) => (packet.equals(first) ? [index] : []));
  const longest = Math.max(
    0,
    ...places.map((from) => {
      const other = received.findIndex(
        (packet, index) => published[(from + index) % published.length]?.equals(packet) !== true,
      );
      return other === -1 ? received.length : other;
    }),
  );
  if (longest < received.length)
    throw new Error(`packet ${longest} of ${received.length} is not the one that was published`);
  return received.length;
}
