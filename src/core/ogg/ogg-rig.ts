import {
  OGG_CAPTURE,
  OGG_CONTINUED,
  OGG_CRC_AT,
  OGG_FIRST,
  OGG_FLAGS_AT,
  OGG_GRANULE_AT,
  OGG_HEADER_BYTES,
  OGG_LAST,
  OGG_SEGMENT_COUNT_AT,
  OGG_SEQUENCE_AT,
  OGG_SERIAL_AT,
  oggPageCrc,
} from './ogg-page.ts';
import { OpusDemuxer } from './opus-demuxer.ts';
import { writeOpusHead, writeOpusTags } from './opus-headers.ts';

/** Pages made for tests of readers: whatever fields and segments are wanted, right or wrong. */
export function makePage(fields: {
  readonly serial?: number;
  readonly sequence: number;
  readonly granule?: bigint;
  readonly continued?: boolean;
  readonly first?: boolean;
  readonly last?: boolean;
  readonly segments: readonly number[];
  readonly body: Uint8Array;
}): Uint8Array {
  const { serial = 1, sequence, granule = -1n, segments, body } = fields;
  const bytes = new Uint8Array(OGG_HEADER_BYTES + segments.length + body.length);
  const view = new DataView(bytes.buffer);
  bytes.set(OGG_CAPTURE);
  const flags =
    (fields.continued ? OGG_CONTINUED : 0) | (fields.first ? OGG_FIRST : 0) | (fields.last ? OGG_LAST : 0);
  bytes[OGG_FLAGS_AT] = flags;
  view.setBigInt64(OGG_GRANULE_AT, granule, true);
  view.setUint32(OGG_SERIAL_AT, serial, true);
  view.setUint32(OGG_SEQUENCE_AT, sequence, true);
  bytes[OGG_SEGMENT_COUNT_AT] = segments.length;
  bytes.set(segments, OGG_HEADER_BYTES);
  bytes.set(body, OGG_HEADER_BYTES + segments.length);
  view.setUint32(OGG_CRC_AT, oggPageCrc(bytes), true);
  return bytes;
}

/** Segment lengths of a packet that ends. */
export function lacing(bytes: number): number[] {
  return [...Array.from({ length: Math.floor(bytes / 255) }, () => 255), bytes % 255];
}

/** A page on which whole packets lie. */
export function pageOfPackets(
  packets: readonly Uint8Array[],
  fields: Omit<Parameters<typeof makePage>[0], 'segments' | 'body'>,
): Uint8Array {
  return makePage({
    ...fields,
    segments: packets.flatMap(({ length }) => lacing(length)),
    body: concat(packets),
  });
}

/** Pages of one long packet alone, as many as it takes. */
export function pagesOfPacket(packet: Uint8Array, serial: number, fromSequence: number): Uint8Array[] {
  const segments = lacing(packet.length);
  const pages: Uint8Array[] = [];
  for (let at = 0; at < segments.length; at += 255) {
    const ends = at + 255 >= segments.length;
    pages.push(
      makePage({
        serial,
        sequence: fromSequence + pages.length,
        granule: ends ? 0n : -1n,
        continued: at > 0,
        segments: segments.slice(at, at + 255),
        body: packet.subarray(at * 255, (at + 255) * 255),
      }),
    );
  }
  return pages;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A packet of 20 ms (CELT, mono) that tells itself apart by `value`. */
export function packet20Ms(value: number, bytes = 10): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (at === 0 ? 0xf8 : value & 0xff));
}

/** The two header pages of a stream. */
export function headers(serial: number, title: string, channels: 1 | 2 = 1): Uint8Array[] {
  const head = writeOpusHead({ channels, preSkipSamples: 312 });
  const tags = writeOpusTags('rig', [['title', title]]);
  return [
    pageOfPackets([head], { serial, sequence: 0, granule: 0n, first: true }),
    pageOfPackets([tags], { serial, sequence: 1, granule: 0n }),
  ];
}

/** A page of sound of so many packets of 20 ms. */
export function soundPage(
  serial: number,
  sequence: number,
  granule: number,
  packets: number,
  last = false,
): Uint8Array {
  const all = Array.from({ length: packets }, (_, at) => packet20Ms(sequence * 16 + at));
  return pageOfPackets(all, { serial, sequence, granule: BigInt(granule), last });
}

export type RigEvent =
  | { readonly kind: 'head'; readonly channels: number; readonly preSkip: number }
  | { readonly kind: 'page'; readonly bytes: Uint8Array; readonly header: 'first' | 'further' | null }
  | { readonly kind: 'tags'; readonly tags: string; readonly intact: boolean; readonly vendor: string }
  | {
      readonly kind: 'packet';
      readonly bytes: Uint8Array;
      readonly samples: number;
      readonly skipped: number;
    }
  | { readonly kind: 'linkEnd' }
  | { readonly kind: 'refusal'; readonly reason: string };

export interface Demuxed {
  readonly demuxer: OpusDemuxer;
  readonly events: readonly RigEvent[];
  /** The most it held at a time. */
  readonly mostHeldBytes: number;
}

/** Takes a stream apart that comes in pieces of so many bytes. */
export function demux(stream: Uint8Array, pieceBytes = stream.length): Demuxed {
  const events: RigEvent[] = [];
  const demuxer = new OpusDemuxer({
    handleHead: ({ channels, preSkipSamples }) => {
      events.push({ kind: 'head', channels, preSkip: preSkipSamples });
    },
    handlePage: (bytes, header) => {
      events.push({ kind: 'page', bytes, header });
    },
    handleTags: ({ tags, intact, vendor }) => {
      events.push({ kind: 'tags', tags: tags.map((tag) => tag.join('=')).join(';'), intact, vendor });
    },
    handlePacket: (bytes, samples, skipped) => {
      events.push({ kind: 'packet', bytes, samples, skipped });
    },
    handleLinkEnd: () => {
      events.push({ kind: 'linkEnd' });
    },
    handleRefusal: (reason) => {
      events.push({ kind: 'refusal', reason });
    },
  });
  let mostHeldBytes = 0;
  for (let at = 0; at < stream.length; at += Math.max(1, pieceBytes)) {
    demuxer.push(stream.subarray(at, at + Math.max(1, pieceBytes)));
    mostHeldBytes = Math.max(mostHeldBytes, demuxer.heldBytes);
  }
  demuxer.end();
  return { demuxer, events, mostHeldBytes };
}

export function eventsOf<Kind extends RigEvent['kind']>(
  { events }: Demuxed,
  kind: Kind,
): Extract<RigEvent, { kind: Kind }>[] {
  return events.filter((event): event is Extract<RigEvent, { kind: Kind }> => event.kind === kind);
}
