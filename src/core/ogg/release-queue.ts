import { PROGRAM_RATE_HZ } from '../program/program-frame.ts';

const SAMPLES_PER_MS = PROGRAM_RATE_HZ / 1_000;

/** A source that brings so little sound at a time sends as it speaks, and wants to be heard at once. */
const PROMPT_SAMPLES = 100 * SAMPLES_PER_MS;

/** How far such a source may run ahead of its own clock and is still not held up, in ms: the jitter of a usual network. */
const PROMPT_ALLOWANCE_MS = 200;

/** How much waits before its source is to stop, in samples: two seconds. */
export const MAX_QUEUED_SAMPLES = 2 * PROGRAM_RATE_HZ;

/** What waits beside its sound: two seconds of the shortest packets, and of the largest pages. */
const MAX_QUEUED_ITEMS = 4_096;
const MAX_QUEUED_BYTES = 1_048_576;

/**
 * Time is spent so much faster while a source is not held up, as a part of it. A source whose clock runs ahead of ours
 * (100 in a million, usually) would otherwise be heard later and later.
 */
const CATCH_UP = 1 / 256;

/** A source that was not full for so long is not held up any more, in ms: it sent a burst, and speaks as it goes now. */
const HELD_UP_MS = 10_000;

interface Waiting<Item> {
  readonly item: Item;
  readonly samples: number;
  readonly skippedSamples: number;
  readonly bytes: number;
  readonly allowanceMs: number;
  readonly cameAtMs: number;
}

/**
 * Lets what a source sends go at the time it is to be heard: a burst of sound is spread over the time it lasts, for
 * players behind it hold some 100 ms and not what a page of a second brings. What comes in time goes at once, and
 * nothing goes later than the sound before it makes it: a burst loses nothing by being spread.
 *
 * Bounded: `isFull` says that the source must stop; what it brings until it does is still taken.
 */
export class ReleaseQueue<Item> {
  #waiting: Waiting<Item>[] = [];
  /** Index of the first that waits: what is before it is gone. */
  #first = 0;
  #samples = 0;
  #bytes = 0;
  /** When the next sample is due, in ms. */
  #dueMs = Number.NEGATIVE_INFINITY;
  /** Until then the source counts as one that brings more than is heard, and is held up: our clock alone counts. */
  #heldUpUntilMs = Number.NEGATIVE_INFINITY;

  get length(): number {
    return this.#waiting.length - this.#first;
  }

  get queuedSamples(): number {
    return this.#samples;
  }

  /** The source is to stop until it is not any more. */
  get isFull(): boolean {
    return (
      this.#samples >= MAX_QUEUED_SAMPLES ||
      this.length >= MAX_QUEUED_ITEMS ||
      this.#bytes >= MAX_QUEUED_BYTES
    );
  }

  /**
   * @param sound of the item, and sound that was lost before it, in samples; of the whole burst that it came with
   * @param bytes that it keeps in memory
   */
  push(
    item: Item,
    sound: { readonly samples: number; readonly skippedSamples: number; readonly burstSamples: number },
    bytes: number,
    nowMs: number,
  ): void {
    const { samples, skippedSamples, burstSamples } = sound;
    const allowanceMs = burstSamples <= PROMPT_SAMPLES ? PROMPT_ALLOWANCE_MS : 0;
    this.#waiting.push({ item, samples, skippedSamples, bytes, allowanceMs, cameAtMs: nowMs });
    this.#samples += samples;
    this.#bytes += bytes;
    if (this.isFull) this.#heldUpUntilMs = nowMs + HELD_UP_MS;
  }

  /** When the next item goes; infinity: none waits. */
  nextDeadlineMs(): number {
    const next = this.#waiting[this.#first];
    return next === undefined ? Number.POSITIVE_INFINITY : this.#goesAtMs(next);
  }

  /** Lets go what is due, in order. */
  handleTime(nowMs: number, onRelease: (item: Item) => void): void {
    for (;;) {
      const next = this.#waiting[this.#first];
      if (next === undefined || this.#goesAtMs(next) > nowMs) break;
      this.#first += 1;
      this.#pass(next);
      onRelease(next.item);
    }
    // Moving the rest costs: only when it is less than what is gone.
    if (this.#first * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
    this.#first = 0;
    this.#samples = 0;
    this.#bytes = 0;
  }

  #goesAtMs({ cameAtMs, allowanceMs, skippedSamples }: Waiting<Item>): number {
    return Math.max(cameAtMs, this.#dueMs + skippedSamples / SAMPLES_PER_MS - allowanceMs);
  }

  #pass(next: Waiting<Item>): void {
    const { samples, bytes, skippedSamples, cameAtMs } = next;
    const goesAtMs = this.#goesAtMs(next);
    this.#samples -= samples;
    this.#bytes -= bytes;
    const dueMs = this.#dueMs + skippedSamples / SAMPLES_PER_MS;
    const rate = goesAtMs < this.#heldUpUntilMs ? 1 : 1 - CATCH_UP;
    // What came after its time has made whoever listens wait: what follows is due so much later.
    this.#dueMs = Math.max(cameAtMs, dueMs) + (samples / SAMPLES_PER_MS) * rate;
  }
}
