import { describe, expect, it } from 'vitest';
import { MAX_FRAME_BYTES } from '../program/program-frame.ts';
import { MAX_SKIP_SAMPLES } from './granule-clock.ts';
import {
  concat,
  demux,
  eventsOf,
  headers,
  lacing,
  makePage,
  packet20Ms,
  pageOfPackets,
  pagesOfPacket,
  soundPage,
} from './ogg-rig.ts';
import { writeOpusHead, writeOpusTags } from './opus-headers.ts';
import { MAX_COMMENT_HEADER_BYTES } from './opus-stream.ts';
import vectors from './vectors.json' with { type: 'json' };

const real = (name: keyof typeof vectors.streams): Uint8Array =>
  Uint8Array.from(Buffer.from(vectors.streams[name], 'hex'));

const packets = (stream: Uint8Array): number => eventsOf(demux(stream), 'packet').length;
const titles = (stream: Uint8Array): string[] => eventsOf(demux(stream), 'tags').map(({ tags }) => tags);
const skips = (stream: Uint8Array): number[] =>
  eventsOf(demux(stream), 'packet').map(({ skipped }) => skipped);
const refusals = (stream: Uint8Array): string[] =>
  eventsOf(demux(stream), 'refusal').map(({ reason }) => reason);

describe('OpusDemuxer', () => {
  it('takes streams of opusenc and ffmpeg apart: every page, every packet, in order', () => {
    const read = demux(real('opusencMono'));
    expect(read.events.map(({ kind }) => kind).slice(0, 5)).toEqual(['head', 'page', 'page', 'tags', 'page']);
    expect(eventsOf(read, 'page').map(({ header }) => header)).toEqual(['first', 'further', null]);
    expect(concat(eventsOf(read, 'page').map(({ bytes }) => bytes))).toEqual(real('opusencMono'));
    expect(eventsOf(read, 'tags')[0]?.tags).toContain('title=First;artist=Ä');
    expect(read.demuxer.counters.packets).toBe(eventsOf(read, 'packet').length);
    // 0.4 s and what the encoder looks ahead.
    expect(packets(real('opusencMono'))).toBe(21);
    expect(packets(real('ffmpegStereo'))).toBe(21);
    expect(eventsOf(read, 'linkEnd')).toHaveLength(1);
  });

  it('leaves out what lies beside the sound', () => {
    const read = demux(real('ffmpegBesideFlac'));
    expect(eventsOf(read, 'head')).toHaveLength(1);
    expect(eventsOf(read, 'packet').length).toBeGreaterThan(10);
    expect(read.demuxer.counters.pageOfAnother).toBe(3);
    expect(read.demuxer.counters.pagesTaken).toBe(3);
  });

  it('follows a chain, whether a link says that it ends or not', () => {
    const chain = concat([real('opusencMono'), real('opusencStereo')]);
    const read = demux(chain);
    expect(eventsOf(read, 'head').map(({ channels }) => channels)).toEqual([1, 2]);
    expect(titles(chain).map((tags) => /title=\w+/.exec(tags)?.[0])).toEqual(['title=First', 'title=Second']);
    expect(eventsOf(read, 'linkEnd')).toHaveLength(2);
    const cut = concat([
      ...headers(1, 'A'),
      soundPage(1, 2, 960, 1),
      ...headers(1, 'B'),
      soundPage(1, 2, 960, 1),
    ]);
    expect(titles(cut)).toEqual(['title=A', 'title=B']);
    expect(packets(cut)).toBe(2);
    expect(skips(cut)).toEqual([0, 0]);
  });

  it('takes the first of two Opus streams that lie side by side', () => {
    const [headA, tagsA] = headers(1, 'A');
    const [headB, tagsB] = headers(2, 'B');
    const all = [headA, headB, tagsA, tagsB, soundPage(1, 2, 960, 1), soundPage(2, 2, 960, 1)];
    const read = demux(concat(all.filter((page) => page !== undefined)));
    expect(eventsOf(read, 'tags').map(({ tags }) => tags)).toEqual(['title=A']);
    expect(eventsOf(read, 'packet')).toHaveLength(1);
    expect(read.demuxer.counters.pageOfAnother).toBe(3);
  });

  it('says that Vorbis is no Opus, and takes what follows in the chain', () => {
    const vorbis = concat([
      real('vorbisBeginning'),
      makePage({ sequence: 1, segments: [1], body: Uint8Array.of(3) }),
    ]);
    expect(refusals(vorbis)).toEqual(['noOpus']);
    expect(packets(concat([vorbis, real('opusencMono')]))).toBe(21);
  });

  it('tells sound that was lost by sequence and granule position', () => {
    const pages = [...headers(1, 'A'), ...[2, 3, 4, 5].map((n) => soundPage(1, n, (n - 1) * 1920, 2))];
    expect(skips(concat(pages))).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    const lost = pages.filter((_, at) => at !== 3);
    expect(skips(concat(lost))).toEqual([0, 0, 1920, 0, 0, 0]);
    expect(demux(concat(lost)).demuxer.counters.holes).toBe(1);
    const damaged = pages.map((page, at) =>
      at === 3 ? page.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) : page,
    );
    expect(skips(concat(damaged))).toEqual([0, 0, 1920, 0, 0, 0]);
    expect(demux(concat(damaged)).demuxer.counters.badCrc).toBe(1);
    const twice = pages.flatMap((page, at) => (at === 3 ? [page, page] : [page]));
    expect(skips(concat(twice))).toHaveLength(8);
    expect(demux(concat(twice)).demuxer.counters.pageRepeated).toBe(1);
  });

  it('takes no clock that was set anew for lost sound', () => {
    const at = (granule: number, sequence: number): Uint8Array => soundPage(1, sequence, granule, 1);
    const far = 960 + MAX_SKIP_SAMPLES + 960;
    expect(skips(concat([...headers(1, 'A'), at(960, 2), at(far, 3), at(far + 960, 4)]))).toEqual([
      0,
      MAX_SKIP_SAMPLES,
      0,
    ]);
    expect(skips(concat([...headers(1, 'A'), at(960, 2), at(far + 1, 3), at(far + 961, 4)]))).toEqual([
      0, 0, 0,
    ]);
    expect(skips(concat([...headers(1, 'A'), at(960_000, 2), at(960, 3), at(1920, 4)]))).toEqual([0, 0, 0]);
    // Off by a sample and back: nothing adds up.
    expect(skips(concat([...headers(1, 'A'), at(960, 2), at(2000, 3), at(2880, 4), at(3900, 5)]))).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it('begins in the middle of a sequence without a hole, however late the clock is', () => {
    expect(skips(concat([...headers(1, 'A'), soundPage(1, 900, 48_000_000, 1)]))).toEqual([0]);
  });

  it('puts packets together that lie on several pages, and drops them where a part is missing', () => {
    const long = packet20Ms(7, 600);
    const first = makePage({ sequence: 2, segments: [255], body: long.subarray(0, 255) });
    const middle = makePage({ sequence: 3, continued: true, segments: [255], body: long.subarray(255, 510) });
    const end = pageOfPackets([long.subarray(510), packet20Ms(9)], {
      sequence: 4,
      continued: true,
      granule: 1920n,
    });
    const whole = demux(concat([...headers(1, 'A'), first, middle, end]));
    expect(eventsOf(whole, 'packet').map(({ bytes }) => bytes)).toEqual([long, packet20Ms(9)]);
    const broken = demux(concat([...headers(1, 'A'), first, end]));
    expect(eventsOf(broken, 'packet').map(({ bytes }) => bytes)).toEqual([packet20Ms(9)]);
    expect(broken.demuxer.counters.packetBroken).toBe(2);
    const headless = demux(concat([...headers(1, 'A'), end]));
    expect(eventsOf(headless, 'packet')).toHaveLength(1);
  });

  it('takes the longest packet, and none that is longer, empty or none of Opus', () => {
    const sound = [
      packet20Ms(1, MAX_FRAME_BYTES),
      packet20Ms(2, MAX_FRAME_BYTES + 1),
      new Uint8Array(0),
      Uint8Array.of(0xfb, 0),
      packet20Ms(3),
    ];
    const read = demux(concat([...headers(1, 'A'), pageOfPackets(sound, { sequence: 2, granule: 1920n })]));
    expect(eventsOf(read, 'packet').map(({ bytes }) => bytes.length)).toEqual([MAX_FRAME_BYTES, 10]);
    expect(read.demuxer.counters).toMatchObject({ packetTooLong: 1, packetEmpty: 1, packetMalformed: 1 });
  });

  it('reads comments with a picture of megabytes without keeping it', () => {
    const picture = 'x'.repeat(3_000_000);
    const tags = writeOpusTags('rig', [
      ['metadata_block_picture', picture],
      ['title', 'Behind a picture'],
    ]);
    const [head] = headers(1, 'A');
    const pages = pagesOfPacket(tags, 1, 1);
    const stream = concat([head ?? new Uint8Array(0), ...pages, soundPage(1, pages.length + 1, 960, 1)]);
    const read = demux(stream, 5_000);
    expect(eventsOf(read, 'tags')).toEqual([
      { kind: 'tags', tags: 'title=Behind a picture', intact: true, vendor: 'rig' },
    ]);
    expect(eventsOf(read, 'page').filter(({ header }) => header === 'further')).toHaveLength(pages.length);
    expect(read.demuxer.counters.tagTooLong).toBe(1);
    expect(read.mostHeldBytes).toBeLessThan(70_000);
    expect(eventsOf(read, 'packet')).toHaveLength(1);
  });

  it('refuses comments without an end', () => {
    const [head] = headers(1, 'A');
    const full = new Uint8Array(255 * 255);
    const tags = writeOpusTags('rig', []);
    tags[8] = 0xff;
    tags[11] = 0x7f;
    full.set(tags.subarray(0, 12));
    const segments = Array.from({ length: 255 }, () => 255);
    const count = Math.ceil(MAX_COMMENT_HEADER_BYTES / full.length) + 2;
    const parts = Array.from({ length: count }, (_, at) =>
      makePage({ sequence: at + 1, continued: at > 0, segments, body: full }),
    );
    const read = demux(concat([head ?? new Uint8Array(0), ...parts]), 65_536);
    expect(eventsOf(read, 'refusal').map(({ reason }) => reason)).toEqual(['commentsTooLong']);
    expect(read.mostHeldBytes).toBeLessThan(70_000);
  });

  it('goes on without comments where they are lost or broken', () => {
    const [head = new Uint8Array(0), tags = new Uint8Array(0)] = headers(1, 'A');
    const lost = demux(concat([head, soundPage(1, 2, 960, 1)]));
    expect(lost.events.map(({ kind }) => kind)).toEqual([
      'head',
      'page',
      'page',
      'tags',
      'packet',
      'linkEnd',
    ]);
    expect(eventsOf(lost, 'tags')[0]?.intact).toBe(false);
    const short = pageOfPackets([writeOpusTags('rig', [['title', 'A']]).subarray(0, 20)], { sequence: 1 });
    const broken = demux(concat([head, short, soundPage(1, 2, 960, 1)]));
    expect(eventsOf(broken, 'tags')[0]?.intact).toBe(false);
    expect(eventsOf(broken, 'packet')).toHaveLength(1);
    expect(tags.length).toBeGreaterThan(0);
  });

  it('gives comments before sound where the first page claims to go on', () => {
    const head = new Uint8Array(255);
    head.set(writeOpusHead({ channels: 1, preSkipSamples: 0 }));
    const first = makePage({ sequence: 0, first: true, segments: [255], body: head });
    const read = demux(concat([first, soundPage(1, 1, 960, 1)]));
    expect(read.events.map(({ kind }) => kind)).toEqual([
      'head',
      'page',
      'page',
      'tags',
      'packet',
      'linkEnd',
    ]);
  });

  it('refuses what nobody here could hear, with its reason', () => {
    const head = (change: (bytes: Uint8Array) => void, extra: readonly number[] = []): Uint8Array => {
      const bytes = Uint8Array.from([...writeOpusHead({ channels: 2, preSkipSamples: 0 }), ...extra]);
      change(bytes);
      return pageOfPackets([bytes], { sequence: 0, first: true });
    };
    const set =
      (at: number, ...values: number[]) =>
      (bytes: Uint8Array): void => {
        bytes.set(values, at);
      };
    expect(refusals(head(set(8, 16)))).toEqual(['headVersionUnknown']);
    expect(refusals(head(set(8, 15)))).toEqual([]);
    expect(refusals(head(set(9, 0)))).toEqual(['headMalformed']);
    expect(refusals(head(set(9, 3)))).toEqual(['tooManyChannels']);
    expect(refusals(head(set(18, 1), [1, 1, 0, 1]))).toEqual([]);
    expect(refusals(head(set(18, 1), [1, 1, 1, 0]))).toEqual(['tooManyChannels']);
    expect(refusals(head(set(18, 1), [2, 0, 0, 1]))).toEqual(['tooManyChannels']);
    expect(refusals(head(set(18, 1), [1, 1, 0]))).toEqual(['headMalformed']);
    expect(refusals(head(set(18, 255), [1, 1, 0, 1]))).toEqual(['tooManyChannels']);
    expect(
      refusals(
        pageOfPackets([new Uint8Array([...'OpusHead'].map((c) => c.charCodeAt(0)))], {
          sequence: 0,
          first: true,
        }),
      ),
    ).toEqual(['headMalformed']);
  });

  it('accounts for every byte and every page', () => {
    const stream = concat([
      Uint8Array.from({ length: 100 }, (_, at) => at),
      real('ffmpegBesideFlac'),
      real('opusencStereo').subarray(0, 700),
      real('opusencMono'),
    ]);
    const { counters } = demux(stream).demuxer;
    expect(counters.bytesIn).toBe(stream.length);
    expect((counters.pageBytes ?? 0) + (counters.skippedBytes ?? 0)).toBe(stream.length);
    expect((counters.pagesTaken ?? 0) + (counters.pageOfAnother ?? 0) + (counters.pageRepeated ?? 0)).toBe(
      counters.pages,
    );
    expect(lacing(255)).toEqual([255, 0]);
  });
});
