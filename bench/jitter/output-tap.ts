import { BLOCK_SAMPLES, MARKS, markShare, partBefore, SAMPLES_PER_MS } from './marked-speech.ts';

/**
 * Share of a block's amplitude from which real sound counts as heard. Not half: where stretched sound is faded into
 * itself, a mark may meet itself in counter-phase.
 */
const HEARD_SHARE = 0.25;

const BLOCK_MS = BLOCK_SAMPLES / SAMPLES_PER_MS;

/** Decoded frames that can lie between a decoder and the loudspeaker. */
const MAX_PENDING = 8;

export interface Emitted {
  readonly frame: number;
  /** When its first sample was put out. */
  readonly atMs: number;
}

interface Marked {
  readonly frame: number;
  readonly mark: number;
}

/** Listens behind a buffer: when each frame's sound comes out, and how much of what comes out is real. */
export class OutputTap {
  readonly emitted: Emitted[] = [];
  readonly #talkspurtOf: (frame: number) => number | null;
  #decoded = 0;
  #pending: Marked[] = [];
  #current: Marked | null = null;
  /** The talkspurt's last frame has been put out: whatever seems real before the next one is a click. */
  #ended = false;
  /** In blocks; counted up to the last real sound of each talkspurt. */
  #blocks = 0;
  #invented = 0;
  /** What counts if the talkspurt goes on after it. */
  #openBlocks = 0;
  #openInvented = 0;
  /** What the block before lacked and was not counted for; null when it held no real sound. */
  #lacking: number | null = 0;

  constructor(talkspurtOf: (frame: number) => number | null) {
    this.#talkspurtOf = talkspurtOf;
  }

  /** Part of what was put out within talkspurts that is not real sound, by amplitude. */
  get inventedShare(): number {
    return this.#blocks === 0 ? 0 : this.#invented / this.#blocks;
  }

  /** A frame is decoded now. @returns the mark it has to bear */
  noteDecoded(frame: number): number {
    const mark = this.#decoded % MARKS;
    this.#decoded += 1;
    this.#pending.push({ frame, mark });
    if (this.#pending.length > MAX_PENDING) this.#pending.shift();
    return mark;
  }

  /**
   * @param block BLOCK_SAMPLES that are put out
   * @param real how much of each the buffer says is real; null to go by the marks
   */
  listen(block: Float32Array, atMs: number, real: Float32Array | null): void {
    let heard = this.#current === null ? 0 : markShare(this.#current.mark, block);
    let isBorder = this.#current !== null && this.#isLast(this.#current.frame);
    for (const [at, marked] of this.#pending.entries()) {
      const share = markShare(marked.mark, block);
      if (share < HEARD_SHARE) continue;
      heard += share;
      isBorder = this.#begin(marked, atMs + partBefore(Math.min(1, share)) * BLOCK_MS);
      this.#pending = this.#pending.slice(at + 1);
      break;
    }
    if (this.#current === null) return;
    const share = real ? real.reduce((sum, part) => sum + part, 0) / BLOCK_SAMPLES : Math.min(1, heard);
    const invented = real ? 1 - share : this.#inventedByMarks(share);
    // Where a talkspurt begins or ends, what is not its sound is silence.
    this.#openBlocks += isBorder && share >= HEARD_SHARE ? share : 1;
    this.#openInvented += isBorder && share >= HEARD_SHARE ? 0 : invented;
    // An invention out of the last frame repeats its mark: it takes both.
    if (heard < HEARD_SHARE || share < HEARD_SHARE) this.#ended ||= this.#isLast(this.#current.frame);
    else if (!this.#ended) this.#settle();
  }

  /** A block with less than its full mark counts only beside one without any: alone it is sound faded into itself. */
  #inventedByMarks(share: number): number {
    const before = this.#lacking;
    if (share < HEARD_SHARE) {
      this.#lacking = null;
      return 1 - share + (before ?? 0);
    }
    this.#lacking = before === null ? 0 : 1 - share;
    return before === null ? 1 - share : 0;
  }

  /** @returns whether a talkspurt begins with it */
  #begin(marked: Marked, atMs: number): boolean {
    const before = this.#current;
    const continues = before !== null && this.#talkspurtOf(before.frame) === this.#talkspurtOf(marked.frame);
    if (!continues) {
      // What came after the last real sound of the talkspurt before was its silence.
      this.#openBlocks = 0;
      this.#openInvented = 0;
      this.#lacking = 0;
    }
    this.#current = marked;
    this.#ended = false;
    this.emitted.push({ frame: marked.frame, atMs });
    return !continues;
  }

  #isLast(frame: number): boolean {
    return this.#talkspurtOf(frame) !== this.#talkspurtOf(frame + 1);
  }

  #settle(): void {
    this.#blocks += this.#openBlocks;
    this.#invented += this.#openInvented;
    this.#openBlocks = 0;
    this.#openInvented = 0;
  }
}
