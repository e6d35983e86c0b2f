import { type Counters, createCounters } from '../base/counters.ts';
import {
  MAX_OGG_PAGE_BYTES,
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
  OGG_VERSION,
  OGG_VERSION_AT,
  type OggPage,
  oggPageCrc,
} from './ogg-page.ts';

/**
 * Bytes of which a CRC is counted per byte that comes in, in the long run, when CRCs are wrong. Bytes that look like
 * one page header after another would otherwise cost a CRC of a whole page each: thousands of times their own length.
 * Past it a page with a wrong CRC is left out whole, and not searched for others that begin within it.
 */
const MAX_CRC_BYTES_PER_BYTE = 4;

/** What may be counted at once beyond that: a page damaged here and there is searched to its end. */
const MAX_CRC_CREDIT_BYTES = 8 * MAX_OGG_PAGE_BYTES;

/** Two of the longest pages: whatever begins in the first half is whole before the second is full. */
const BUFFER_BYTES = 2 * MAX_OGG_PAGE_BYTES;

const COUNTED = [
  'bytesIn',
  'pages',
  'pageBytes',
  'skippedBytes',
  'badCrc',
  'badVersion',
  'lostCapture',
] as const;
export type PageReaderCounter = (typeof COUNTED)[number];

/**
 * Finds the pages of an Ogg stream in bytes that come in pieces of any size (RFC 3533). What is no page is skipped up
 * to the next that is. Memory: two pages, whatever comes.
 *
 * Counted: bytesIn = pageBytes + skippedBytes + heldBytes. `lostCapture` counts the places where bytes had to be
 * skipped, `badCrc` and `badVersion` the pages that were none.
 */
export class PageReader {
  readonly counters: Counters<PageReaderCounter> = createCounters(COUNTED);
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  #start = 0;
  #end = 0;
  /** Places in the whole stream: of the buffer's first byte, and up to where pages were looked at. */
  #origin = 0;
  #examined = 0;
  #crcCredit = MAX_CRC_CREDIT_BYTES;
  #captured = true;

  /** Bytes of a page that is not whole yet. */
  get heldBytes(): number {
    return this.#end - this.#start;
  }

  /** @param onPage called during the call for each page that became whole; its bytes are nobody else's */
  push(bytes: Uint8Array, onPage: (page: OggPage) => void): void {
    this.counters.bytesIn += bytes.length;
    let taken = 0;
    while (taken < bytes.length) {
      const part = bytes.subarray(taken, taken + BUFFER_BYTES - this.#end);
      this.#buffer.set(part, this.#end);
      this.#end += part.length;
      taken += part.length;
      this.#readAll(onPage);
      if (this.#start === 0) continue;
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#origin += this.#start;
      this.#end -= this.#start;
      this.#start = 0;
    }
  }

  /** There is no more: what is held is no page. */
  end(): void {
    this.#skip(this.heldBytes);
  }

  #readAll(onPage: (page: OggPage) => void): void {
    for (;;) {
      this.#skipToCapture();
      if (this.heldBytes < OGG_HEADER_BYTES) return;
      const start = this.#start;
      if (this.#buffer[start + OGG_VERSION_AT] !== OGG_VERSION) {
        this.counters.badVersion += 1;
        this.#skip(1);
        continue;
      }
      const bodyAt = start + OGG_HEADER_BYTES + (this.#buffer[start + OGG_SEGMENT_COUNT_AT] ?? 0);
      if (bodyAt > this.#end) return;
      let next = bodyAt;
      for (let at = start + OGG_HEADER_BYTES; at < bodyAt; at += 1) next += this.#buffer[at] ?? 0;
      if (next > this.#end) return;
      const page = this.#pageAt(start, bodyAt, next);
      if (page !== null) onPage(page);
    }
  }

  /** Takes the page there, or skips what only looks like one. */
  #pageAt(start: number, bodyAt: number, next: number): OggPage | null {
    const length = next - start;
    this.#earnCrcCredit(this.#origin + next);
    const whole = this.#buffer.subarray(start, next);
    if (oggPageCrc(whole) !== this.#view.getUint32(start + OGG_CRC_AT, true)) {
      this.counters.badCrc += 1;
      this.#crcCredit -= length;
      this.#skip(this.#crcCredit > 0 ? 1 : length);
      return null;
    }
    const page = pageOf(whole.slice(), bodyAt - start);
    this.#start = next;
    this.#captured = true;
    this.counters.pages += 1;
    this.counters.pageBytes += length;
    return page;
  }

  /** Depends on places in the stream alone, so that the same bytes in other pieces are read in the same way. */
  #earnCrcCredit(place: number): void {
    if (place <= this.#examined) return;
    const earned = (place - this.#examined) * MAX_CRC_BYTES_PER_BYTE;
    this.#crcCredit = Math.min(MAX_CRC_CREDIT_BYTES, this.#crcCredit + earned);
    this.#examined = place;
  }

  /** Up to the next place at which a page may begin. */
  #skipToCapture(): void {
    let at = this.#start;
    while (at < this.#end && !this.#mayBeginAt(at)) at += 1;
    this.#skip(at - this.#start);
  }

  #mayBeginAt(at: number): boolean {
    return OGG_CAPTURE.every((byte, i) => at + i >= this.#end || this.#buffer[at + i] === byte);
  }

  #skip(count: number): void {
    if (count === 0) return;
    if (this.#captured) this.counters.lostCapture += 1;
    this.#captured = false;
    this.counters.skippedBytes += count;
    this.#start += count;
  }
}

function pageOf(bytes: Uint8Array, bodyAt: number): OggPage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = bytes[OGG_FLAGS_AT] ?? 0;
  return {
    bytes,
    serial: view.getUint32(OGG_SERIAL_AT, true),
    sequence: view.getUint32(OGG_SEQUENCE_AT, true),
    granule: view.getBigInt64(OGG_GRANULE_AT, true),
    continued: (flags & OGG_CONTINUED) !== 0,
    first: (flags & OGG_FIRST) !== 0,
    last: (flags & OGG_LAST) !== 0,
    segments: bytes.subarray(OGG_HEADER_BYTES, bodyAt),
    body: bytes.subarray(bodyAt),
  };
}
