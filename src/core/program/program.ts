import { assert } from '../base/assert.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import { opusPacketSamples } from '../voice/opus-duration.ts';
import { type Broadcast, MAX_TAGS, sameTags, type Tags } from './broadcast.ts';
import { FanOut, type FanOutLimits } from './fan-out.ts';
import { History } from './history.ts';
import {
  type AccessUnit,
  MAX_FRAME_BYTES,
  PROGRAM_RATE_HZ,
  type ProgramFrame,
  type ProgramPage,
} from './program-frame.ts';

/** How much of a program is kept for those who come later, in samples: two seconds. */
const HISTORY_SAMPLES = 2 * PROGRAM_RATE_HZ;

/** How long a publisher's pages are kept for them, in ms: players want four, and some publishers put a second on each. */
const HISTORY_MS = 5_000;

/** Most items of one kind that are kept, whatever their clock says. */
const MAX_HISTORY = 1_024;

/** Set in the first byte of a packet that is coded in stereo (RFC 6716, section 3.1). */
const STEREO_BIT = 4;

/** Most of a picture stream that is kept for those who come later, in bytes: some seconds at any usual rate. */
export const MAX_KEPT_UNIT_BYTES = 8_388_608;

/** Longest comments and pages a publisher may open a stream with that are kept for late joiners, in bytes. */
export const MAX_HEADER_BYTES = 1_048_576;

/** What happens to a program beside its frames. Called in the order in which it happens. */
export interface ProgramWatcher {
  handleBegin?(broadcast: Broadcast): void;
  /** For whoever is no listener; before the listeners get it. */
  handleFrame?(frame: ProgramFrame): void;
  handleTags?(tags: Tags): void;
  handleEnd?(broadcast: Broadcast): void;
  /** There will be no more of it: the channel is gone, or nobody may listen any longer. */
  handleClosed?(): void;
}

/** Why a frame was not taken into a program. */
export type FrameRefusal = 'frameEmpty' | 'frameTooLong' | 'frameMalformed' | 'broadcastOver';

const COUNTED = [
  'broadcasts',
  'frames',
  'pages',
  'accessUnits',
  'frameEmpty',
  'frameTooLong',
  'frameMalformed',
  'broadcastOver',
] as const;
export type ProgramCounter = (typeof COUNTED)[number];

/** The publisher's end of a program. After `end`, or when the program is closed, nothing is taken any more. */
export interface Feed {
  readonly broadcast: Broadcast;
  /** False: `end` was called, or the program closed. */
  readonly open: boolean;
  /**
   * The next Opus packet.
   *
   * @param packet 1 to MAX_FRAME_BYTES, not changed afterwards
   * @param skippedSamples sound that the publisher lost before it
   * @returns null when it was taken; refusals are counted
   */
  frame(packet: Uint8Array, nowMs: number, skippedSamples?: number): FrameRefusal | null;
  /** A page of the publisher's Ogg stream. `header`: one of those a decoder must have first; the first one forgets the headers before. */
  page(bytes: Uint8Array, header: 'first' | 'further' | null, nowMs: number): void;
  accessUnit(unit: AccessUnit): void;
  tags(tags: Tags): void;
  end(): void;
}

export type BroadcastRequest = Omit<Broadcast, 'id'>;

export interface ProgramOptions {
  readonly channel: number;
  readonly limits: {
    readonly frames: FanOutLimits;
    readonly pages: FanOutLimits;
    readonly units: FanOutLimits;
  };
  /** Somebody came or went. */
  readonly onDidChangeListeners?: () => void;
}

/**
 * A channel's program: one fan-out of timed Opus frames that all gateways read, whoever made them. One broadcast at a
 * time; frames come in order and are never changed.
 */
export class Program {
  readonly channel: number;
  readonly frames: FanOut<ProgramFrame>;
  /** Pages as the publisher made them, while its container is Ogg. */
  readonly pages: FanOut<ProgramPage>;
  /** Pictures, where a publisher has them. */
  readonly units: FanOut<AccessUnit>;
  readonly counters: Counters<ProgramCounter> = createCounters(COUNTED);
  readonly #watchers = new Set<ProgramWatcher>();
  readonly #recentFrames = new History<ProgramFrame>(MAX_HISTORY);
  readonly #recentPages = new History<ProgramPage>(MAX_HISTORY);
  #recentUnits: AccessUnit[] = [];
  #recentUnitBytes = 0;
  #headerPages: ProgramPage[] = [];
  #headerBytes = 0;
  #broadcast: Broadcast | null = null;
  #tags: Tags = [];
  #lastBroadcastId = 0;
  #nextSequence = 0;
  #nextPosition = 0;
  #closed = false;

  constructor({ channel, limits, onDidChangeListeners = () => undefined }: ProgramOptions) {
    this.channel = channel;
    this.frames = new FanOut(limits.frames, onDidChangeListeners);
    this.pages = new FanOut(limits.pages, onDidChangeListeners);
    this.units = new FanOut(limits.units, onDidChangeListeners);
  }

  /** What is on now; null: nothing. */
  get broadcast(): Broadcast | null {
    return this.#broadcast;
  }

  /** Of what is on now. */
  get tags(): Tags {
    return this.#tags;
  }

  /** Place of the next frame, in samples at 48 kHz: what is told now holds from here on. */
  get position(): number {
    return this.#nextPosition;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whoever reads it in any way. */
  get listeners(): number {
    return this.frames.size + this.pages.size + this.units.size;
  }

  /** The newest frames of what is on now, oldest first, at most `samples` of them and of two seconds. */
  recentFrames(samples: number): readonly ProgramFrame[] {
    const { last } = this.#recentFrames;
    if (last === null) return [];
    const from = last.position + last.samples - Math.min(samples, HISTORY_SAMPLES);
    return this.#recentFrames.since(({ position }) => position >= from);
  }

  /** Header pages of the publisher's Ogg stream: what a decoder must have first. */
  get headerPages(): readonly ProgramPage[] {
    return this.#headerPages;
  }

  /** The newest pages that are no headers, oldest first: those of the last `ms`, and at least the newest. */
  recentPages(ms: number): readonly ProgramPage[] {
    const { last } = this.#recentPages;
    return last === null
      ? []
      : this.#recentPages.since((page) => page === last || page.atMs >= last.atMs - ms);
  }

  /** Access units since the newest that a decoder can begin with. */
  recentUnits(): readonly AccessUnit[] {
    return this.#recentUnits;
  }

  /** @returns stops it */
  watch(watcher: ProgramWatcher): () => void {
    this.#watchers.add(watcher);
    if (this.#closed) watcher.handleClosed?.();
    return () => this.#watchers.delete(watcher);
  }

  /** @returns null: another broadcast is on, or the program is closed */
  begin(request: BroadcastRequest): Feed | null {
    if (this.#broadcast !== null || this.#closed) return null;
    this.#lastBroadcastId += 1;
    const broadcast: Broadcast = { ...request, id: this.#lastBroadcastId };
    this.counters.broadcasts += 1;
    this.#broadcast = broadcast;
    for (const watcher of this.#watchers) watcher.handleBegin?.(broadcast);
    return this.#feedOf(broadcast);
  }

  /** Ends what is on, and every listener's place. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end();
    for (const part of [this.frames, this.pages, this.units]) part.close();
    for (const watcher of this.#watchers) watcher.handleClosed?.();
  }

  #feedOf(broadcast: Broadcast): Feed {
    const isOpen = (): boolean => this.#broadcast === broadcast;
    return {
      broadcast,
      get open() {
        return isOpen();
      },
      frame: (packet, nowMs, skippedSamples = 0) => {
        const refusal = isOpen() ? this.#frame(packet, nowMs, skippedSamples) : 'broadcastOver';
        if (refusal !== null) this.counters[refusal] += 1;
        return refusal;
      },
      page: (bytes, header, nowMs) => {
        if (isOpen()) this.#page({ bytes, atMs: nowMs }, header);
      },
      accessUnit: (unit) => {
        if (isOpen()) this.#accessUnit(unit);
      },
      tags: (tags) => {
        if (isOpen()) this.#setTags(tags.slice(0, MAX_TAGS));
      },
      end: () => {
        if (isOpen()) this.#end();
      },
    };
  }

  #frame(payload: Uint8Array, atMs: number, skippedSamples: number): FrameRefusal | null {
    assert(skippedSamples >= 0, 'a program goes forward');
    if (payload.length === 0) return 'frameEmpty';
    if (payload.length > MAX_FRAME_BYTES) return 'frameTooLong';
    const samples = opusPacketSamples(payload);
    if (samples === 0) return 'frameMalformed';
    const channels = ((payload[0] ?? 0) & STEREO_BIT) === 0 ? 1 : 2;
    const position = this.#nextPosition + skippedSamples;
    const frame: ProgramFrame = { sequence: this.#nextSequence, position, samples, channels, payload, atMs };
    this.#nextSequence += 1;
    this.#nextPosition = position + samples;
    this.counters.frames += 1;
    this.#recentFrames.push(frame);
    this.#recentFrames.forgetUntil(({ position: at }) => at > position - HISTORY_SAMPLES);
    for (const watcher of this.#watchers) watcher.handleFrame?.(frame);
    this.frames.publish(frame, atMs);
    return null;
  }

  #page(page: ProgramPage, header: 'first' | 'further' | null): void {
    this.counters.pages += 1;
    if (header === 'first') {
      this.#headerPages = [];
      this.#headerBytes = 0;
      this.#recentPages.clear();
    }
    if (header === null) {
      this.#recentPages.push(page);
      this.#recentPages.forgetUntil(({ atMs }) => atMs > page.atMs - HISTORY_MS);
    } else if (this.#headerBytes + page.bytes.length <= MAX_HEADER_BYTES) {
      this.#headerPages.push(page);
      this.#headerBytes += page.bytes.length;
    }
    this.pages.publish(page, page.atMs);
  }

  #accessUnit(unit: AccessUnit): void {
    this.counters.accessUnits += 1;
    if (unit.key) this.#forgetUnits();
    // Without a key at the beginning nobody could begin with them.
    if (unit.key || this.#recentUnits.length > 0) {
      this.#recentUnits.push(unit);
      for (const { length } of unit.units) this.#recentUnitBytes += length;
    }
    if (this.#recentUnits.length > MAX_HISTORY || this.#recentUnitBytes > MAX_KEPT_UNIT_BYTES)
      this.#forgetUnits();
    this.units.publish(unit, unit.atMs);
  }

  #forgetUnits(): void {
    this.#recentUnits = [];
    this.#recentUnitBytes = 0;
  }

  #setTags(tags: Tags): void {
    if (sameTags(tags, this.#tags)) return;
    this.#tags = tags;
    for (const watcher of this.#watchers) watcher.handleTags?.(tags);
  }

  #end(): void {
    const broadcast = this.#broadcast;
    if (broadcast === null) return;
    this.#broadcast = null;
    this.#tags = [];
    this.#headerPages = [];
    this.#headerBytes = 0;
    this.#recentFrames.clear();
    this.#recentPages.clear();
    this.#forgetUnits();
    for (const watcher of this.#watchers) watcher.handleEnd?.(broadcast);
  }
}
