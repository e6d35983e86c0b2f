import type { Tags } from '../program/broadcast.ts';
import type { ProgramFrame } from '../program/program-frame.ts';
import { type OpusHead, writeOpusHead, writeOpusTags } from './opus-headers.ts';
import { PagePacker, type PageSink } from './page-packer.ts';

/** Named as the writer in comments. */
const VENDOR = 'Sidetone';

/**
 * Sound on one page, in samples at 48 kHz: 100 ms, five frames as they usually are. A page costs every listener a
 * write, and 28 bytes and more of header: at 20 ms that is half of what it all costs, and a player that buffers a
 * second gains nothing by it; a second on a page, as encoders to files do, would let a conversation wait for it.
 */
export const PAGE_SAMPLES = 4_800;

export interface OggLink extends OpusHead {
  /** Unsigned, 32 bits; another one for every link of a chain. */
  readonly serial: number;
  readonly tags: Tags;
}

export interface OggWriterSinks {
  /** One of the pages a decoder must have first; the first of a link forgets the headers before. */
  readonly onHeader: (bytes: Uint8Array, part: 'first' | 'further') => void;
  readonly onPage: PageSink;
}

/** A link that is being written. */
interface OpenLink {
  readonly packer: PagePacker;
  /** Place in the program at which granule positions are zero. */
  readonly zero: number;
  /** Place in the program behind its last packet. */
  endPosition: number;
  /** Sound that waits for its page, in samples. */
  waitingSamples: number;
}

/**
 * Writes frames of a program as Ogg/Opus (RFC 7845): links of a chain, one after the other. Headers stand alone on
 * their pages; a page of sound begins with a packet and ends with one, so that a listener may begin with any of them.
 * Where the program has a hole, the granule position shows it.
 */
export class OggWriter {
  readonly #sinks: OggWriterSinks;
  #link: OpenLink | null = null;

  constructor(sinks: OggWriterSinks) {
    this.#sinks = sinks;
  }

  /** A link is open: `begin` was called and `end` was not. */
  get open(): boolean {
    return this.#link !== null;
  }

  /** Sound that waits for its page to be full, in samples at 48 kHz. */
  get waitingSamples(): number {
    return this.#link?.waitingSamples ?? 0;
  }

  /**
   * Begins a link, and ends the one before it. Granule positions begin at zero in each: with others, GStreamer plays
   * what is to be skipped.
   *
   * @param position of its first frame
   */
  begin({ serial, channels, preSkipSamples, tags }: OggLink, position: number): void {
    this.end();
    let headers = 0;
    let isHeader = true;
    const packer = new PagePacker(serial, (bytes) => {
      if (!isHeader) {
        this.#sinks.onPage(bytes);
        return;
      }
      headers += 1;
      this.#sinks.onHeader(bytes, headers === 1 ? 'first' : 'further');
    });
    for (const packet of [writeOpusHead({ channels, preSkipSamples }), writeOpusTags(VENDOR, tags)]) {
      packer.packet(packet, 0n);
      packer.flush();
    }
    isHeader = false;
    this.#link = { packer, zero: position, endPosition: position, waitingSamples: 0 };
  }

  /** The next frame of the open link; without one, nothing happens. */
  frame({ payload, position, samples }: ProgramFrame): void {
    const link = this.#link;
    if (link === null) return;
    // All packets of a page have to follow each other: its granule position is that of its end.
    if (position !== link.endPosition) this.flush();
    link.endPosition = position + samples;
    link.packer.packet(payload, BigInt(link.endPosition - link.zero));
    link.waitingSamples += samples;
    if (link.waitingSamples >= PAGE_SAMPLES) this.flush();
  }

  /** Finishes the page that waits, if there is one. */
  flush(): void {
    if (this.#link === null) return;
    this.#link.packer.flush();
    this.#link.waitingSamples = 0;
  }

  /** Ends the open link. */
  end(): void {
    this.#link?.packer.end();
    this.#link = null;
  }
}
