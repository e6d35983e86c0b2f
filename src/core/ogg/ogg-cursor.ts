import type { ProgramPage } from '../program/program-frame.ts';
import { OGG_CONTINUED, OGG_FLAGS_AT } from './ogg-page.ts';
import type { PageSink } from './page-packer.ts';

function isContinued({ bytes }: ProgramPage): boolean {
  return ((bytes[OGG_FLAGS_AT] ?? 0) & OGG_CONTINUED) !== 0;
}

/**
 * Where one listener is in a chain of Ogg streams. Wherever it comes in, and whatever it loses on the way, it gets the
 * headers of a link before the link's sound, and no page that begins in the middle of a packet whose beginning it has
 * not got. Sequence numbers and positions stay those of the stream: decoders take a gap for lost pages.
 */
export class OggCursor {
  /** First header of the link that it hears; null: none yet. */
  #link: ProgramPage | null = null;
  #headersSent = 0;
  #needsBeginning = true;
  #lost = 0;

  /**
   * The next page that it was given.
   *
   * @param headers of the link that is on, `page` included if it is one of them
   * @param lost pages that it was not given so far
   * @param send gets what is to be sent now, in this order
   */
  handlePage(page: ProgramPage, headers: readonly ProgramPage[], lost: number, send: PageSink): void {
    if (lost !== this.#lost) {
      this.#lost = lost;
      this.#needsBeginning = true;
    }
    const [first = null] = headers;
    if (first !== null && (first !== this.#link || headers.length > this.#headersSent)) {
      const from = first === this.#link ? this.#headersSent : 0;
      this.#link = first;
      this.#headersSent = headers.length;
      this.#needsBeginning = true;
      for (const header of headers.slice(from)) send(header.bytes);
      if (headers.includes(page)) return;
    }
    if (this.#needsBeginning && isContinued(page)) return;
    this.#needsBeginning = false;
    send(page.bytes);
  }
}
