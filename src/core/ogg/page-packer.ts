import { assert } from '../base/assert.ts';
import {
  MAX_OGG_SEGMENTS,
  OGG_CAPTURE,
  OGG_CONTINUED,
  OGG_CRC_AT,
  OGG_FIRST,
  OGG_FLAGS_AT,
  OGG_FULL_SEGMENT_BYTES,
  OGG_GRANULE_AT,
  OGG_HEADER_BYTES,
  OGG_LAST,
  OGG_NO_GRANULE,
  OGG_SEGMENT_COUNT_AT,
  OGG_SEQUENCE_AT,
  OGG_SERIAL_AT,
  OGG_VERSION,
  OGG_VERSION_AT,
  oggCrc,
} from './ogg-page.ts';

/** Takes a page that is finished; nobody changes its bytes afterwards. */
export type PageSink = (bytes: Uint8Array) => void;

/** Packs the packets of one logical stream into pages (RFC 3533, section 5). */
export class PagePacker {
  readonly #serial: number;
  readonly #onPage: PageSink;
  #lacing: number[] = [];
  #parts: Uint8Array[] = [];
  #bodyBytes = 0;
  #granule = OGG_NO_GRANULE;
  #continued = false;
  #nextSequence = 0;
  #ended = false;

  /** @param serial unsigned, 32 bits; differs from those of the streams before it in a chain */
  constructor(serial: number, onPage: PageSink) {
    this.#serial = serial;
    this.#onPage = onPage;
  }

  /** Nothing waits for its page to be finished. */
  get empty(): boolean {
    return this.#lacing.length === 0;
  }

  /**
   * The next packet. A page that it does not fit on any more is finished before it, so that pages begin with packets;
   * a packet that is longer than a page goes over as many as it needs.
   *
   * @param granule position at its end
   */
  packet(bytes: Uint8Array, granule: bigint): void {
    assert(!this.#ended, 'a stream has nothing behind its end');
    const segments = Math.floor(bytes.length / OGG_FULL_SEGMENT_BYTES) + 1;
    if (this.#lacing.length + segments > MAX_OGG_SEGMENTS) this.flush();
    let at = 0;
    for (let left = segments; left > 0; ) {
      const here = Math.min(left, MAX_OGG_SEGMENTS);
      left -= here;
      const to = left === 0 ? bytes.length : at + here * OGG_FULL_SEGMENT_BYTES;
      this.#append(bytes.subarray(at, to), here, left === 0);
      at = to;
      if (left > 0) {
        this.flush();
        this.#continued = true;
      }
    }
    this.#granule = granule;
  }

  /** Finishes the page on which packets wait, if there are any. */
  flush(): void {
    if (this.#lacing.length > 0) this.#finish(0);
  }

  /** Ends the stream, on the page that waits or on an empty one, which has no granule position. */
  end(): void {
    if (this.#ended) return;
    this.#finish(OGG_LAST);
    this.#ended = true;
  }

  #append(part: Uint8Array, segments: number, isEnd: boolean): void {
    const full = isEnd ? segments - 1 : segments;
    for (let count = 0; count < full; count += 1) this.#lacing.push(OGG_FULL_SEGMENT_BYTES);
    if (isEnd) this.#lacing.push(part.length - full * OGG_FULL_SEGMENT_BYTES);
    this.#parts.push(part);
    this.#bodyBytes += part.length;
  }

  #finish(lastFlag: number): void {
    const bodyAt = OGG_HEADER_BYTES + this.#lacing.length;
    const page = new Uint8Array(bodyAt + this.#bodyBytes);
    const view = new DataView(page.buffer);
    page.set(OGG_CAPTURE);
    view.setUint8(OGG_VERSION_AT, OGG_VERSION);
    view.setUint8(
      OGG_FLAGS_AT,
      (this.#continued ? OGG_CONTINUED : 0) | (this.#nextSequence === 0 ? OGG_FIRST : 0) | lastFlag,
    );
    view.setBigInt64(OGG_GRANULE_AT, this.#granule, true);
    view.setUint32(OGG_SERIAL_AT, this.#serial, true);
    view.setUint32(OGG_SEQUENCE_AT, this.#nextSequence, true);
    view.setUint8(OGG_SEGMENT_COUNT_AT, this.#lacing.length);
    page.set(this.#lacing, OGG_HEADER_BYTES);
    let at = bodyAt;
    for (const part of this.#parts) {
      page.set(part, at);
      at += part.length;
    }
    view.setUint32(OGG_CRC_AT, oggCrc(page), true);
    this.#nextSequence = (this.#nextSequence + 1) >>> 0;
    this.#lacing = [];
    this.#parts = [];
    this.#bodyBytes = 0;
    this.#granule = OGG_NO_GRANULE;
    this.#continued = false;
    this.#onPage(page);
  }
}
