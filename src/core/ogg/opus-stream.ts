import { type Counters, createCounters } from '../base/counters.ts';
import { MAX_FRAME_BYTES } from '../program/program-frame.ts';
import { opusPacketSamples } from '../voice/opus-duration.ts';
import { GranuleClock } from './granule-clock.ts';
import type { OggPage } from './ogg-page.ts';
import { PacketAssembler } from './packet-assembler.ts';
import { PacketPieces, type PieceTaker } from './packet-pieces.ts';
import { isOpusHead, OPUS_TAGS, type OpusHead, startsWith } from './read-opus-headers.ts';
import { type OpusTags, TAGS_LEFT_OUT, TagsReader } from './tags-reader.ts';

/** Longest comment header, in bytes: RFC 7845, section 5.2, lets a reader refuse longer ones than 125 MB; covers have 16. */
export const MAX_COMMENT_HEADER_BYTES = 16 * 1_048_576;

/** What comes out of an Opus stream, in its order. */
export interface OpusStreamSink {
  /**
   * A page of it, byte for byte, before what lies on it.
   *
   * @param header one of those a decoder must have first
   * @param samples sound of the packets that end on it
   */
  handlePage(bytes: Uint8Array, header: 'first' | 'further' | null, samples: number): void;
  /** Its comments: once, before the first packet. */
  handleTags(tags: OpusTags): void;
  /** @param skippedSamples sound that was lost before it, at 48 kHz */
  handlePacket(packet: Uint8Array, samples: number, skippedSamples: number): void;
}

const COUNTED = [
  'packets',
  'packetEmpty',
  'packetMalformed',
  'packetTooLong',
  'packetBroken',
  'pageRepeated',
  'holes',
  'commentsBroken',
  ...TAGS_LEFT_OUT,
] as const;
export type OpusStreamCounter = (typeof COUNTED)[number];

interface Packet {
  readonly bytes: Uint8Array;
  readonly samples: number;
}

/**
 * One logical Opus stream: from its pages to its packets (RFC 7845). Memory: one packet of the longest that is taken,
 * and the tags that are kept.
 */
export class OpusStream implements PieceTaker {
  readonly serial: number;
  readonly head: OpusHead;
  readonly counters: Counters<OpusStreamCounter> = createCounters(COUNTED);
  readonly #pieces = new PacketPieces();
  readonly #assembler = new PacketAssembler(MAX_FRAME_BYTES);
  readonly #clock = new GranuleClock();
  #stage: 'head' | 'tags' | 'sound' = 'head';
  #tagsReader: TagsReader | null = null;
  #commentBytes = 0;
  /** Of the page that is being read. */
  #commentsOnPage = false;
  #tagsOnPage: OpusTags | null = null;
  #packetsOnPage: Packet[] = [];

  constructor(serial: number, head: OpusHead) {
    this.serial = serial;
    this.head = head;
  }

  /** Bytes that wait for the rest of their packet. */
  get heldBytes(): number {
    return this.#assembler.heldBytes;
  }

  /** Its comments are longer than anybody is to wait for. */
  get isCommentTooLong(): boolean {
    return this.#commentBytes > MAX_COMMENT_HEADER_BYTES;
  }

  /** Pages whose granule position was of no use. */
  get strangeGranules(): number {
    return this.#clock.strange;
  }

  /** The next page of its serial number; the first is the one that `head` was read from. */
  handlePage(page: OggPage, sink: OpusStreamSink): void {
    const isFirst = this.#stage === 'head';
    this.#commentsOnPage = false;
    this.#tagsOnPage = null;
    this.#packetsOnPage = [];
    const hole = this.#pieces.handlePage(page, this);
    const { packetBroken, pageRepeated, holes } = this.#pieces.counters;
    Object.assign(this.counters, { packetBroken, pageRepeated, holes });
    // What identifies the stream lies alone on its first page, whatever that page says about its segments.
    if (this.#stage === 'head') this.#stage = 'tags';
    if (hole === null) return;
    const samples = this.#packetsOnPage.reduce((sum, packet) => sum + packet.samples, 0);
    sink.handlePage(page.bytes, isFirst ? 'first' : this.#commentsOnPage ? 'further' : null, samples);
    if (this.#tagsOnPage !== null) sink.handleTags(this.#tagsOnPage);
    this.#handOn(page.granule, samples, sink);
  }

  handlePiece(piece: Uint8Array, ends: boolean): void {
    if (this.#stage === 'head') return;
    const isComment = this.#stage === 'tags' && (this.#tagsReader !== null || startsWith(piece, OPUS_TAGS));
    if (isComment) this.#comment(piece, ends);
    else {
      // The comments are lost: sound comes where they should be.
      if (this.#stage === 'tags') this.#closeTags();
      this.#sound(piece, ends);
    }
  }

  handleBreak(): void {
    if (this.#tagsReader !== null) this.#closeTags();
    this.#assembler.forget();
  }

  #comment(piece: Uint8Array, ends: boolean): void {
    this.#tagsReader ??= new TagsReader();
    this.#commentsOnPage = true;
    this.#commentBytes += piece.length;
    if (!this.isCommentTooLong) this.#tagsReader.add(piece);
    if (ends) this.#closeTags();
  }

  #closeTags(): void {
    const tags = this.#tagsReader?.end() ?? { vendor: '', tags: [], intact: false };
    for (const name of TAGS_LEFT_OUT) this.counters[name] += this.#tagsReader?.counters[name] ?? 0;
    if (!tags.intact) this.counters.commentsBroken += 1;
    this.#tagsOnPage = tags;
    this.#tagsReader = null;
    this.#stage = 'sound';
  }

  #sound(piece: Uint8Array, ends: boolean): void {
    const bytes = this.#assembler.add(piece, ends);
    if (bytes === null) return;
    if (bytes === 'tooLong') this.counters.packetTooLong += 1;
    else if (bytes.length === 0) this.counters.packetEmpty += 1;
    else {
      const samples = opusPacketSamples(bytes);
      // Comments once more, in the middle of a stream, are no sound either.
      if (samples === 0 || startsWith(bytes, OPUS_TAGS) || isOpusHead(bytes))
        this.counters.packetMalformed += 1;
      else this.#packetsOnPage.push({ bytes, samples });
    }
  }

  #handOn(granule: bigint, samples: number, sink: OpusStreamSink): void {
    if (this.#stage !== 'sound') return;
    // Headers lie at 0 by the standard, and say nothing about where the sound begins.
    if (this.#commentsOnPage && samples === 0) return;
    let skipped = this.#clock.pass(granule, samples);
    for (const packet of this.#packetsOnPage) {
      this.counters.packets += 1;
      sink.handlePacket(packet.bytes, packet.samples, skipped);
      skipped = 0;
    }
  }
}
