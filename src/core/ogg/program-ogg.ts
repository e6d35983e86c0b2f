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

/**
 * Pages of a publisher's own that a late joiner is sent at once at least, as far as the program still has them. Many
 * publishers put a second on a page (ffmpeg's habit): of one of those VLC makes nothing, and is silent for five seconds;
 * with four it plays at once.
 */
const LEAST_OPENING_PAGES = 4;

/** Pages that are kept for late joiners at most: a second has about ten. */
const MAX_RECENT_PAGES = 64;

/** Frames that wait longer than this for their page to be full go out without it, in ms: nothing follows them. */
const MAX_PAGE_WAIT_MS = 200;

/**
 * Sound before the first that is heard of a link that begins in mid-broadcast, in samples at 48 kHz: 80 ms, which is
 * what a decoder needs to be in step (RFC 7845, section 4.6). It is told to skip it: a new title is not heard, though
 * players begin with a new decoder there.
 */
const PRE_ROLL_SAMPLES = 3_840;

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
    this.#begin(program.recentFrames((OPENING_MS * PROGRAM_RATE_HZ) / 1_000), nowMs);
    // A page that is not full would not reach the first of its listeners at once.
    this.#writer.flush();
    this.#unwatch = program.watch({
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
    if (this.#isPublishers) {
      const newest = this.#program.recentPages(OPENING_MS).length;
      return this.#program
        .recentPages(Number.POSITIVE_INFINITY)
        .slice(-Math.max(newest, LEAST_OPENING_PAGES));
    }
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
    if (this.#isPublishers) return;
    if (this.#writer.open && !this.#tagsChanged) {
      this.#atMs = frame.atMs;
      this.#writer.frame(frame);
    } else this.#begin(this.#program.recentFrames(PRE_ROLL_SAMPLES + frame.samples), frame.atMs);
  }

  /** Begins a link. @param frames that could be on it, the newest last */
  #begin(frames: readonly ProgramFrame[], nowMs: number): void {
    const { broadcast, tags } = this.#program;
    const heard = newestInARow(frames.filter(({ atMs }) => nowMs - atMs <= MAX_OPENING_AGE_MS));
    const [first] = heard;
    if (broadcast === null || first === undefined || this.#isPublishers) return;
    this.#atMs = nowMs;
    this.#tagsChanged = false;
    this.#writer.begin(
      {
        serial: this.#nextSerial(),
        channels: broadcast.channels,
        preSkipSamples: heard.length === 1 ? broadcast.preSkipSamples : preRollOf(heard),
        tags: titled(tags, broadcast),
      },
      first.position,
    );
    for (const frame of heard) this.#writer.frame(frame);
  }

  #end(): void {
    this.#writer.end();
    this.#headers = [];
    this.#recent.clear();
    this.#tagsChanged = false;
  }
}

/** The frames behind the last hole. */
function newestInARow(frames: readonly ProgramFrame[]): readonly ProgramFrame[] {
  const from = frames.findLastIndex(({ position }, at) => {
    const before = frames[at - 1];
    return before !== undefined && before.position + before.samples !== position;
  });
  return frames.slice(Math.max(0, from));
}

/** How much of these is for the decoder alone, in samples: whole frames, and never the newest. */
function preRollOf(frames: readonly ProgramFrame[]): number {
  let samples = 0;
  for (const frame of frames.slice(0, -1)) {
    if (samples >= PRE_ROLL_SAMPLES) break;
    samples += frame.samples;
  }
  return samples;
}

/** Players show nothing but a title: without one, it says whose broadcast it is. */
function titled(tags: Tags, { source }: Broadcast): Tags {
  return tagOf(tags, 'title') === null ? [['title', source], ...tags] : tags;
}
