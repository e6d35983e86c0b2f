import { BLOCK_SAMPLES, markShare, partBefore, SAMPLES_PER_MS } from './marked-speech.ts';

/** Share of a mark's amplitude from which it counts as heard. Where a cross-fade meets itself in counter-phase it dips. */
const HEARD_SHARE = 0.25;

const BLOCK_MS = BLOCK_SAMPLES / SAMPLES_PER_MS;

/** Decoded frames that can lie between a decoder and the loudspeaker. */
const MAX_PENDING = 8;

export interface Emitted {
  readonly frame: number;
  /** When its first sample was put out. */
  readonly atMs: number;
}

/** Listens behind a buffer: when each frame's sound comes out, and how much of what comes out is real. */
export class OutputTap {
  readonly emitted: Emitted[] = [];
  /** Blocks within talkspurts, and those of them that hold no real sound. */
  blocks = 0;
  inventedBlocks = 0;
  readonly #talkspurtOf: (frame: number) => number | null;
  #pending: number[] = [];
  #current: number | null = null;
  /** Invented blocks that count if the talkspurt goes on after them. */
  #open = 0;
  #openInvented = 0;

  constructor(talkspurtOf: (frame: number) => number | null) {
    this.#talkspurtOf = talkspurtOf;
  }

  noteDecoded(frame: number): void {
    this.#pending.push(frame);
    if (this.#pending.length > MAX_PENDING) this.#pending.shift();
  }

  /**
   * @param block BLOCK_SAMPLES that are put out
   * @param isReal what the buffer says of them; null to go by the marks
   */
  listen(block: Float32Array, atMs: number, isReal: boolean | null): void {
    const currentShare = this.#current === null ? 0 : markShare(this.#current, block);
    let heard = currentShare;
    for (const [at, frame] of this.#pending.entries()) {
      const share = markShare(frame, block);
      if (share < HEARD_SHARE) continue;
      heard = Math.max(heard, share);
      this.#begin(frame, atMs + partBefore(share) * BLOCK_MS);
      this.#pending = this.#pending.slice(at + 1);
      break;
    }
    if (this.#current === null) return;
    this.#open += 1;
    if (!(isReal ?? heard >= HEARD_SHARE)) this.#openInvented += 1;
    else this.#settle();
  }

  #begin(frame: number, atMs: number): void {
    const continues = this.#current !== null && this.#talkspurtOf(this.#current) === this.#talkspurtOf(frame);
    if (!continues) {
      // What came after the last real sound of the talkspurt before was its silence.
      this.#open = 0;
      this.#openInvented = 0;
    }
    this.#current = frame;
    this.emitted.push({ frame, atMs });
  }

  #settle(): void {
    this.blocks += this.#open;
    this.inventedBlocks += this.#openInvented;
    this.#open = 0;
    this.#openInvented = 0;
  }
}
