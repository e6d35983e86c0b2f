import { type Counters, createCounters } from '../base/counters.ts';
import { MAX_TAG_NAME_LENGTH, MAX_TAG_VALUE_LENGTH, MAX_TAGS, type Tags } from '../program/broadcast.ts';
import { OPUS_TAGS } from './read-opus-headers.ts';
import { utf8Text } from './utf8.ts';

/** A UTF-16 unit takes at most three bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/** Longest comment that can still be shown: name, "=", value. What goes beyond is an embedded picture, and not kept. */
const MAX_COMMENT_BYTES = MAX_TAG_NAME_LENGTH + 1 + MAX_TAG_VALUE_LENGTH * MAX_BYTES_PER_UNIT;

/** Longest name of an encoder that is kept, in bytes. */
const MAX_VENDOR_BYTES = 256;

const LENGTH_BYTES = 4;
const EQUALS = 0x3d;

/** Why comments are left out. */
export const TAGS_LEFT_OUT = ['tagTooLong', 'tagWithoutName', 'tooManyTags'] as const;

/** What is read next. */
type Field = 'magic' | 'vendorLength' | 'vendor' | 'count' | 'length' | 'comment' | 'rest' | 'wrong';

export interface OpusTags {
  /** What encoded it. */
  readonly vendor: string;
  readonly tags: Tags;
  /** False: it is no comment header, or it ended too early; `tags` are those read until then. */
  readonly intact: boolean;
}

/**
 * Reads the comment header (RFC 7845, section 5.2) from parts of any size, for it may hold pictures of megabytes. A
 * comment too long to be shown is counted and left out; memory is that of the tags that are kept.
 */
export class TagsReader {
  readonly counters: Counters<(typeof TAGS_LEFT_OUT)[number]> = createCounters(TAGS_LEFT_OUT);
  #field: Field = 'magic';
  /** Bytes of the field that have not come yet, and those that did: as many as are worth keeping. */
  #missing = OPUS_TAGS.length;
  #kept = new Uint8Array(OPUS_TAGS.length);
  #keptBytes = 0;
  #fieldBytes = OPUS_TAGS.length;
  #commentsLeft = 0;
  #vendor = '';
  readonly #tags: (readonly [string, string])[] = [];

  add(piece: Uint8Array): void {
    let at = 0;
    while (this.#field !== 'rest' && this.#field !== 'wrong') {
      const part = piece.subarray(at, at + this.#missing);
      const room = this.#kept.length - this.#keptBytes;
      const kept = part.length > room ? part.subarray(0, room) : part;
      this.#kept.set(kept, this.#keptBytes);
      this.#keptBytes += kept.length;
      this.#missing -= part.length;
      at += part.length;
      if (this.#missing > 0) return;
      this.#close(this.#kept.subarray(0, this.#keptBytes));
    }
  }

  /** The packet is over, or goes no further. */
  end(): OpusTags {
    return { vendor: this.#vendor, tags: this.#tags, intact: this.#field === 'rest' };
  }

  #expect(field: Field, bytes: number, keep: number): void {
    this.#field = field;
    this.#missing = bytes;
    this.#fieldBytes = bytes;
    this.#kept = new Uint8Array(Math.min(bytes, keep));
    this.#keptBytes = 0;
  }

  #close(bytes: Uint8Array): void {
    switch (this.#field) {
      case 'magic':
        if (OPUS_TAGS.every((byte, at) => bytes[at] === byte))
          this.#expect('vendorLength', LENGTH_BYTES, LENGTH_BYTES);
        else this.#field = 'wrong';
        return;
      case 'vendorLength':
        this.#expect('vendor', lengthOf(bytes), MAX_VENDOR_BYTES);
        return;
      case 'vendor':
        this.#vendor = utf8Text(bytes);
        this.#expect('count', LENGTH_BYTES, LENGTH_BYTES);
        return;
      case 'count':
        this.#commentsLeft = lengthOf(bytes);
        this.#next();
        return;
      case 'length':
        this.#expect('comment', lengthOf(bytes), MAX_COMMENT_BYTES);
        return;
      default:
        this.#comment(bytes);
        this.#commentsLeft -= 1;
        this.#next();
    }
  }

  #next(): void {
    if (this.#commentsLeft > 0) this.#expect('length', LENGTH_BYTES, LENGTH_BYTES);
    // What follows the comments is padding, or data that nobody here knows.
    else this.#expect('rest', 0, 0);
  }

  #comment(bytes: Uint8Array): void {
    const equals = bytes.indexOf(EQUALS);
    const name = utf8Text(bytes.subarray(0, Math.max(0, equals)));
    const value = utf8Text(bytes.subarray(equals + 1));
    if (
      this.#fieldBytes > bytes.length ||
      name.length > MAX_TAG_NAME_LENGTH ||
      value.length > MAX_TAG_VALUE_LENGTH
    )
      this.counters.tagTooLong += 1;
    else if (!/^[\x20-\x7d]+$/.test(name)) this.counters.tagWithoutName += 1;
    else if (this.#tags.length >= MAX_TAGS) this.counters.tooManyTags += 1;
    else this.#tags.push([name.toLowerCase(), value]);
  }
}

function lengthOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
}
