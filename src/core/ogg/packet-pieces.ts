import { type Counters, createCounters } from '../base/counters.ts';
import { OGG_FULL_SEGMENT_BYTES, type OggPage } from './ogg-page.ts';

const COUNTED = ['packets', 'holes', 'packetBroken', 'pageRepeated'] as const;
export type PacketPiecesCounter = (typeof COUNTED)[number];

/** Takes a logical stream's packets as they lie in its pages. */
export interface PieceTaker {
  /**
   * The next part of a packet; it begins one when the last one ended.
   *
   * @param piece a view into the page, empty where a packet ends at the border of two pages
   */
  handlePiece(piece: Uint8Array, ends: boolean): void;
  /** The packet that was begun goes no further: pages are missing. */
  handleBreak(): void;
}

/**
 * Cuts the pages of one logical stream into parts of packets (RFC 3533, section 6), and sees what is missing by the
 * pages' sequence numbers. Holds no bytes.
 */
export class PacketPieces {
  readonly counters: Counters<PacketPiecesCounter> = createCounters(COUNTED);
  #lastSequence: number | null = null;
  #open = false;

  /** @returns whether pages are missing before it; null: this one was here before, and is left out */
  handlePage(page: OggPage, taker: PieceTaker): boolean | null {
    if (page.sequence === this.#lastSequence) {
      this.counters.pageRepeated += 1;
      return null;
    }
    const hole = this.#lastSequence !== null && page.sequence !== (this.#lastSequence + 1) >>> 0;
    if (hole) this.counters.holes += 1;
    this.#lastSequence = page.sequence;
    if (this.#open && (hole || !page.continued)) {
      this.#open = false;
      this.counters.packetBroken += 1;
      taker.handleBreak();
    }
    this.#cut(page, taker);
    return hole;
  }

  #cut({ segments, body, continued }: OggPage, taker: PieceTaker): void {
    // The end of a packet whose beginning never came.
    let headless = continued && !this.#open;
    let from = 0;
    let at = 0;
    for (const length of segments) {
      at += length;
      if (length === OGG_FULL_SEGMENT_BYTES) continue;
      if (headless) this.counters.packetBroken += 1;
      else {
        this.counters.packets += 1;
        this.#open = false;
        taker.handlePiece(body.subarray(from, at), true);
      }
      headless = false;
      from = at;
    }
    if (from === at || headless) return;
    this.#open = true;
    taker.handlePiece(body.subarray(from, at), false);
  }
}
