import { type Counters, createCounters } from '../base/counters.ts';
import type { OggPage } from './ogg-page.ts';
import { OpusStream, type OpusStreamCounter, type OpusStreamSink } from './opus-stream.ts';
import { PageReader, type PageReaderCounter } from './page-reader.ts';
import { isOpusHead, type OpusHead, type OpusHeadRefusal, readOpusHead } from './read-opus-headers.ts';

/** Why a link of a chain is not taken. */
export type OpusDemuxerRefusal = OpusHeadRefusal | 'noOpus' | 'commentsTooLong';

/** What comes out of a demuxer, in the order of the stream. */
export interface OpusDemuxerSink extends OpusStreamSink {
  /** A link of the chain begins; its first page follows, then its comments. */
  handleHead(head: OpusHead): void;
  /** The link is over: it says so, or another begins. */
  handleLinkEnd(): void;
  /** A link that is not taken; what comes of it is left out. Another may follow. */
  handleRefusal(reason: OpusDemuxerRefusal): void;
}

const COUNTED = [
  'links',
  'pagesTaken',
  'pageOfAnother',
  'headMalformed',
  'headVersionUnknown',
  'tooManyChannels',
  'noOpus',
  'commentsTooLong',
  'strangeGranules',
] as const;
export type OpusDemuxerCounter = (typeof COUNTED)[number] | OpusStreamCounter | PageReaderCounter;

/** @returns the first packet of a page on which it ends; what there is of it otherwise */
function firstPacket({ segments, body }: OggPage): Uint8Array {
  let bytes = 0;
  for (const length of segments) {
    bytes += length;
    if (length < 255) break;
  }
  return body.subarray(0, bytes);
}

/**
 * Takes an Ogg stream apart: the first Opus stream of each link of a chain, its pages and packets byte for byte, and
 * nothing of what lies beside it (RFC 3533, RFC 7845). It never throws, whatever comes, and holds less than 200 KB.
 *
 * Counted: pages = pagesTaken + pageOfAnother + pageRepeated.
 */
export class OpusDemuxer {
  readonly #sink: OpusDemuxerSink;
  readonly #reader = new PageReader();
  readonly #own: Counters<(typeof COUNTED)[number]> = createCounters(COUNTED);
  readonly #past: Partial<Record<OpusStreamCounter, number>> = {};
  #stream: OpusStream | null = null;
  /** First pages of a link are coming: its streams say what they are. */
  #opening = false;
  /** A stream of this link was Opus, whether it was taken or not. */
  #sawOpus = false;

  constructor(sink: OpusDemuxerSink) {
    this.#sink = sink;
  }

  /** Bytes that wait for the rest of their page or packet. */
  get heldBytes(): number {
    return this.#reader.heldBytes + (this.#stream?.heldBytes ?? 0);
  }

  /** Since the start, all links together. */
  get counters(): Readonly<Partial<Record<OpusDemuxerCounter, number>>> {
    const counters: Partial<Record<OpusDemuxerCounter, number>> = {
      ...this.#reader.counters,
      ...this.#own,
      ...this.#past,
    };
    const stream = this.#stream;
    if (stream === null) return counters;
    for (const [name, count] of Object.entries(stream.counters) as [OpusStreamCounter, number][])
      counters[name] = (counters[name] ?? 0) + count;
    counters.strangeGranules = (counters.strangeGranules ?? 0) + stream.strangeGranules;
    return counters;
  }

  push(bytes: Uint8Array): void {
    this.#reader.push(bytes, (page) => this.#page(page));
  }

  /** There is no more. */
  end(): void {
    this.#reader.end();
    this.#endLink();
  }

  #page(page: OggPage): void {
    if (page.first) this.#open(page);
    else this.#closeOpening();
    const stream = this.#stream;
    if (stream === null || stream.serial !== page.serial) {
      this.#own.pageOfAnother += 1;
      return;
    }
    const repeated = stream.counters.pageRepeated;
    stream.handlePage(page, this.#sink);
    if (stream.counters.pageRepeated === repeated) this.#own.pagesTaken += 1;
    if (stream.isCommentTooLong) {
      this.#forgetStream();
      this.#refuse('commentsTooLong');
    } else if (page.last) this.#endLink();
  }

  /** The first page of some stream. */
  #open(page: OggPage): void {
    if (!this.#opening) {
      // First pages come together, before all others: this one begins the next link.
      this.#endLink();
      this.#opening = true;
      this.#sawOpus = false;
    }
    const packet = firstPacket(page);
    if (!isOpusHead(packet) || this.#sawOpus) return;
    this.#sawOpus = true;
    const result = readOpusHead(packet);
    if (!result.ok) {
      this.#refuse(result.reason);
      return;
    }
    this.#own.links += 1;
    this.#stream = new OpusStream(page.serial, result.head);
    this.#sink.handleHead(result.head);
  }

  #closeOpening(): void {
    if (this.#opening && !this.#sawOpus) this.#refuse('noOpus');
    this.#opening = false;
  }

  #refuse(reason: OpusDemuxerRefusal): void {
    this.#own[reason] += 1;
    this.#sink.handleRefusal(reason);
  }

  #endLink(): void {
    if (this.#forgetStream()) this.#sink.handleLinkEnd();
  }

  /** @returns whether there was one */
  #forgetStream(): boolean {
    const stream = this.#stream;
    if (stream === null) return false;
    for (const [name, count] of Object.entries(stream.counters) as [OpusStreamCounter, number][])
      this.#past[name] = (this.#past[name] ?? 0) + count;
    this.#own.strangeGranules += stream.strangeGranules;
    this.#stream = null;
    return true;
  }
}
