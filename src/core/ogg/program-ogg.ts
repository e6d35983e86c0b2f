import { type Broadcast, type Tags, tagOf } from '../program/broadcast.ts';
import { History } from '../program/history.ts';
import type { Program } from '../program/program.ts';
import { PROGRAM_RATE_HZ, type ProgramFrame, type ProgramPage } from '../program/program-frame.ts';
import { OggWriter } from './ogg-writer.ts';

/**
 * What a late joiner is sent at once, in ms. A second: players that buffer as much (VLC) play from the first moment
 * on, and nobody hears the program later than it would anyhow.
 */
export const OPENING_MS = 1_000;

/** Pages that are kept for late joiners at most: a second has about ten. */
const MAX_RECENT_PAGES = 64;

/** Frames that wait longer than this for their page to be full go out without it, in ms: nothing follows them. */
const MAX_PAGE_WAIT_MS = 200;

/** Frames older than this are no part of what is heard now, in ms: a mix rests while nobody listens. */
const MAX_OPENING_AGE_MS = 2 * OPENING_MS;

export interface ProgramOggOptions {
  readonly program: Program;
  /** Unsigned, 32 bits; another one each time. */
  readonly nextSerial: () => number;
  readonly nowMs: number;
}

/**
 * A program as Ogg, for as long as somebody listens to it that way: the publisher's own pages where there are any;
 * otherwise pages that it writes, once for all, and gives to `program.pages` like a publisher's.
 */
export class ProgramOgg {
  readonly #program: Program;
  readonly #nextSerial: () => number;
  readonly #unwatch: () => void;
  readonly #writer: OggWriter;
  readonly #recent = new History<ProgramPage>(MAX_RECENT_PAGES);
  #headers: readonly ProgramPage[] = [];
  /** The broadcast whose first frame is still to come. */
  #fresh: Broadcast | null = null;
  #tagsChanged = false;
  /** When the newest frame came, in ms of the engine clock. */
  #atMs: number;

  constructor({ program, nextSerial, nowMs }: ProgramOggOptions) {
    this.#program = program;
    this.#nextSerial = nextSerial;
    this.#atMs = nowMs;
    this.#writer = new OggWriter({
      onHeader: (bytes, part) => {
        const page = { bytes, atMs: this.#atMs };
        if (part === 'first') this.#recent.clear();
        this.#headers = part === 'first' ? [page] : [...this.#headers, page];
        program.pages.publish(page, this.#atMs);
      },
      onPage: (bytes) => {
        const page = { bytes, atMs: this.#atMs };
        this.#recent.push(page);
        program.pages.publish(page, this.#atMs);
      },
    });
    const recent = program.recentFrames((OPENING_MS * PROGRAM_RATE_HZ) / 1_000);
    for (const frame of recent) if (nowMs - frame.atMs <= MAX_OPENING_AGE_MS) this.#handleFrame(frame);
    // A page that is not full would not reach the first of its listeners at once.
    this.#writer.flush();
    this.#unwatch = program.watch({
      handleBegin: (broadcast) => {
        this.#fresh = broadcast;
      },
      handleFrame: (frame) => this.#handleFrame(frame),
      handleTags: () => {
        this.#tagsChanged = true;
      },
      handleEnd: () => this.#end(),
    });
  }

  /** What a decoder must have first; empty: nothing is on. */
  get headers(): readonly ProgramPage[] {
    return this.#isPublishers ? this.#program.headerPages : this.#headers;
  }

  /** The newest pages that are no headers, oldest first. */
  opening(nowMs: number): readonly ProgramPage[] {
    if (this.#isPublishers) return this.#program.recentPages(OPENING_MS);
    return this.#recent.since(({ atMs }) => nowMs - atMs <= OPENING_MS);
  }

  handleTimeout(nowMs: number): void {
    if (this.#writer.waitingSamples > 0 && nowMs - this.#atMs >= MAX_PAGE_WAIT_MS) this.#writer.flush();
  }

  /** Nobody listens any longer. */
  close(): void {
    this.#unwatch();
  }

  get #isPublishers(): boolean {
    return this.#program.broadcast?.container === 'ogg';
  }

  #handleFrame(frame: ProgramFrame): void {
    const { broadcast, tags } = this.#program;
    if (broadcast === null || this.#isPublishers) return;
    this.#atMs = frame.atMs;
    if (!this.#writer.open || this.#tagsChanged) {
      this.#tagsChanged = false;
      this.#writer.begin(
        {
          serial: this.#nextSerial(),
          channels: broadcast.channels,
          // What is left out at the beginning of a broadcast is no part of one that is under way.
          preSkipSamples: this.#fresh === broadcast ? broadcast.preSkipSamples : 0,
          tags: titled(tags, broadcast),
        },
        frame.position,
      );
    }
    this.#fresh = null;
    this.#writer.frame(frame);
  }

  #end(): void {
    this.#writer.end();
    this.#headers = [];
    this.#recent.clear();
    this.#tagsChanged = false;
    this.#fresh = null;
  }
}

/** Players show nothing but a title: without one, it says whose broadcast it is. */
function titled(tags: Tags, { source }: Broadcast): Tags {
  return tagOf(tags, 'title') === null ? [['title', source], ...tags] : tags;
}
