import { type Tags, tagOf } from '../program/broadcast.ts';
import { type BroadcastRequest, type Feed, MAX_HEADER_BYTES, type Program } from '../program/program.ts';
import { OpusDemuxer, type OpusDemuxerCounter, type OpusDemuxerRefusal } from './opus-demuxer.ts';
import type { OpusHead } from './read-opus-headers.ts';
import { ReleaseQueue } from './release-queue.ts';
import type { OpusTags } from './tags-reader.ts';

/** A publisher of whom nothing of use comes for so long is gone, in ms. */
export const PUBLISHER_SILENCE_MS = 30_000;

/** What may come before a stream is found in it: two of the longest pages. */
const MAX_LEAD_BYTES = 131_072;

/**
 * Bytes a second in the long run, and for how long more may come at once, in ms: uncompressed stereo sound is a
 * quarter of it, a cover of some megabytes comes at once. A publisher that sends more is made to wait.
 */
const MAX_BYTES_PER_MS = 1_024;
const MAX_BYTE_BURST_MS = 8_000;

/** So much is taken apart before it is asked again whether it is enough, in bytes: less than a second of the thinnest speech. */
const SLICE_BYTES = 512;

/** Longest name of a source. */
const MAX_SOURCE_LENGTH = 64;

/** Tags that belong to one song, and are over with it when a source names the next. */
const SONG_TAGS = ['title', 'artist', 'album', 'tracknumber', 'date', 'performer'];

/** Why a publisher is sent away in the middle. */
export type PublisherRefusal =
  | OpusDemuxerRefusal
  | 'noOgg'
  | 'publisherSilent'
  | 'publisherBusy'
  | 'programOver';

/** In a person's words. */
export function publisherSentence(reason: PublisherRefusal): string {
  switch (reason) {
    case 'noOgg':
      return 'That is no Ogg stream. Opus in Ogg is taken here (ffmpeg: -c:a libopus -f ogg).';
    case 'noOpus':
      return 'There is no Opus in that Ogg stream: Vorbis, FLAC and Speex are not taken here (ffmpeg: -c:a libopus).';
    case 'headMalformed':
    case 'headVersionUnknown':
      return 'That Opus stream begins in a way that nobody here understands.';
    case 'tooManyChannels':
      return 'Mono and stereo are taken here, and no more channels than two (ffmpeg: -ac 2).';
    case 'commentsTooLong':
      return 'The comments and pictures in that stream are longer than 16 MB.';
    case 'publisherSilent':
      return 'Nothing came for half a minute.';
    case 'publisherBusy':
      return 'Somebody else is publishing to this channel.';
    case 'programOver':
      return 'This channel takes no publisher any longer.';
  }
}

/** What a publisher says of itself beside its stream. */
export interface PublisherNames {
  /** As it is shown to listeners; empty: not said. */
  readonly source: string;
  /** bit/s; null: not said. */
  readonly bitrate: number | null;
}

type Event =
  | { readonly kind: 'begin'; readonly request: BroadcastRequest }
  | { readonly kind: 'page'; readonly bytes: Uint8Array; readonly header: 'first' | 'further' | null }
  | { readonly kind: 'tags'; readonly tags: Tags }
  | { readonly kind: 'frame'; readonly packet: Uint8Array; readonly skippedSamples: number }
  | { readonly kind: 'end' };

const NO_SOUND = { samples: 0, skippedSamples: 0, burstSamples: 0 };

/**
 * Brings one publisher's Ogg stream into a program: its pages and packets byte for byte, at the time they are to be
 * heard. A link of a chain goes on with the broadcast where it has as many channels as the one before; otherwise the
 * broadcast ends and another begins.
 */
export class OggPublisher {
  readonly #program: Program;
  readonly #names: PublisherNames;
  readonly #demuxer: OpusDemuxer;
  readonly #queue = new ReleaseQueue<Event>();
  #feed: Feed | null = null;
  /** Of what was put into the queue last: the broadcast that the next link may go on with. */
  #request: BroadcastRequest | null = null;
  /** A link whose comments have not ended: its head, and its pages until then. */
  #head: OpusHead | null = null;
  #headPages: Uint8Array[] = [];
  #headBytes = 0;
  #burstSamples = 0;
  #streamTags: Tags = [];
  #nowMs = 0;
  #usefulAtMs: number;
  #paidUntilMs = 0;
  #ended = false;
  #refusal: PublisherRefusal | null = null;

  constructor(program: Program, names: PublisherNames, nowMs: number) {
    this.#program = program;
    this.#names = names;
    this.#usefulAtMs = nowMs;
    this.#demuxer = new OpusDemuxer({
      handleHead: (head) => {
        this.#head = head;
        this.#headPages = [];
        this.#headBytes = 0;
      },
      handlePage: (bytes, header, samples) => this.#page(bytes, header, samples),
      handleTags: (tags) => this.#tags(tags),
      handlePacket: (packet, samples, skippedSamples) => {
        const sound = { samples, skippedSamples, burstSamples: this.#burstSamples };
        this.#queue.push({ kind: 'frame', packet, skippedSamples }, sound, packet.length, this.#nowMs);
      },
      handleLinkEnd: () => {
        this.#head = null;
      },
      handleRefusal: (reason) => this.#refuse(reason),
    });
  }

  /** Why it is to be sent away; null: it may go on. */
  get refusal(): PublisherRefusal | null {
    return this.#refusal;
  }

  /** Its stream has ended, and all of it was heard. */
  get isDone(): boolean {
    return this.#ended && this.#queue.length === 0;
  }

  get counters(): Readonly<Partial<Record<OpusDemuxerCounter, number>>> {
    return this.#demuxer.counters;
  }

  /** More is not taken now. */
  isFull(nowMs: number): boolean {
    return this.#queue.isFull || this.#paidUntilMs - nowMs > MAX_BYTE_BURST_MS;
  }

  /** @returns how many of the bytes were taken: the rest is to be brought again when it is not full any more */
  handleBytes(bytes: Uint8Array, nowMs: number): number {
    let taken = 0;
    while (taken < bytes.length && this.#refusal === null && !this.isFull(nowMs)) {
      const slice = bytes.subarray(taken, taken + SLICE_BYTES);
      taken += slice.length;
      this.#take(slice, nowMs);
      this.handleTime(nowMs);
    }
    return taken;
  }

  /** There is no more; what waits is still heard in its time. */
  handleEnd(nowMs: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#nowMs = nowMs;
    this.#demuxer.end();
    this.#push({ kind: 'end' });
    this.handleTime(nowMs);
  }

  /** What it named beside its stream, as Icecast's source clients do: holds until the stream names something else. */
  handleSong(song: Tags): void {
    const rest = this.#streamTags.filter(([name]) => !SONG_TAGS.includes(name));
    this.#feed?.tags([...song, ...rest]);
  }

  handleTime(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#refusal !== null) return;
    this.#queue.handleTime(nowMs, (event) => this.#release(event, nowMs));
    // Whoever is made to wait is not silent.
    if (this.isFull(nowMs) || this.#ended) this.#usefulAtMs = nowMs;
    else if (nowMs - this.#usefulAtMs >= PUBLISHER_SILENCE_MS) this.#refuse('publisherSilent');
  }

  nextDeadlineMs(): number {
    const paidMs = this.#paidUntilMs - MAX_BYTE_BURST_MS;
    const silentMs = this.#usefulAtMs + PUBLISHER_SILENCE_MS;
    // When it was held up for its bytes it may go on at the one, otherwise it is gone at the other.
    const otherMs = paidMs > this.#nowMs ? Math.min(paidMs, silentMs) : silentMs;
    return Math.min(this.#queue.nextDeadlineMs(), otherMs);
  }

  /** It is over at once. */
  close(): void {
    this.#ended = true;
    this.#queue.clear();
    this.#feed?.end();
    this.#feed = null;
  }

  #take(slice: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#paidUntilMs = Math.max(this.#paidUntilMs, nowMs) + slice.length / MAX_BYTES_PER_MS;
    const { pagesTaken } = this.#demuxer.counters;
    this.#demuxer.push(slice);
    const { counters } = this.#demuxer;
    if (counters.pagesTaken !== pagesTaken) this.#usefulAtMs = nowMs;
    if (counters.links === 0 && (counters.bytesIn ?? 0) > MAX_LEAD_BYTES)
      this.#refuse(counters.pages === 0 ? 'noOgg' : 'noOpus');
  }

  #page(bytes: Uint8Array, header: 'first' | 'further' | null, samples: number): void {
    this.#burstSamples = samples;
    if (this.#head === null) {
      if (this.#request?.container === 'ogg') this.#push({ kind: 'page', bytes, header }, bytes.length);
      return;
    }
    // More than the kernel keeps for late joiners is not kept here either: such a link goes on without its pages.
    this.#headBytes += bytes.length;
    if (this.#headBytes <= MAX_HEADER_BYTES) this.#headPages.push(bytes);
  }

  /** The comments have ended: it is known what the link is. */
  #tags({ tags, intact }: OpusTags): void {
    const head = this.#head;
    if (head === null) return;
    this.#head = null;
    const { source, bitrate } = this.#names;
    const request: BroadcastRequest = {
      kind: 'publisher',
      source: sourceName(source) || sourceName(tagOf(tags, 'artist') ?? '') || 'Publisher',
      channels: head.channels,
      bitrate,
      preSkipSamples: head.preSkipSamples,
      // Headers that a late joiner could not be given whole are of no use: then whoever wants a container writes one.
      container: intact && this.#headBytes <= MAX_HEADER_BYTES ? 'ogg' : null,
    };
    const last = this.#request;
    const goesOn =
      last !== null && last.channels === request.channels && last.container === request.container;
    if (!goesOn) {
      if (last !== null) this.#push({ kind: 'end' });
      this.#push({ kind: 'begin', request });
      this.#request = request;
    }
    if (request.container === 'ogg') {
      this.#headPages.forEach((bytes, at) => {
        this.#push({ kind: 'page', bytes, header: at === 0 ? 'first' : 'further' }, bytes.length);
      });
    }
    this.#headPages = [];
    this.#push({ kind: 'tags', tags });
  }

  /** Something that is no sound: it goes with the sound that follows. */
  #push(event: Event, bytes = 0): void {
    this.#queue.push(event, { ...NO_SOUND, burstSamples: this.#burstSamples }, bytes, this.#nowMs);
  }

  #release(event: Event, nowMs: number): void {
    switch (event.kind) {
      case 'begin':
        this.#feed = this.#program.begin(event.request);
        if (this.#feed === null) this.#refuse(this.#program.closed ? 'programOver' : 'publisherBusy');
        return;
      case 'page':
        this.#feed?.page(event.bytes, event.header, nowMs);
        return;
      case 'tags':
        this.#streamTags = event.tags;
        this.#feed?.tags(event.tags);
        return;
      case 'frame':
        this.#feed?.frame(event.packet, nowMs, event.skippedSamples);
        return;
      case 'end':
        this.#feed?.end();
        this.#feed = null;
    }
  }

  #refuse(reason: PublisherRefusal): void {
    this.#refusal ??= reason;
  }
}

/** A name as it may be shown: in one line, without what nobody sees. */
function sourceName(text: string): string {
  return text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_SOURCE_LENGTH)
    .replace(/[\ud800-\udbff]$/, '');
}
