import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_TAG_NAME_LENGTH, MAX_TAG_VALUE_LENGTH, MAX_TAGS } from '../program/broadcast.ts';
import { MAX_FRAME_BYTES } from '../program/program-frame.ts';
import { MAX_OGG_PAGE_BYTES } from './ogg-page.ts';
import { concat, type Demuxed, demux, eventsOf, makePage } from './ogg-rig.ts';
import { PageReader } from './page-reader.ts';
import { TagsReader } from './tags-reader.ts';
import { utf8Text } from './utf8.ts';
import vectors from './vectors.json' with { type: 'json' };

/** Short by default; FUZZ_RUNS=1000000 for a long night. A crash found becomes a vector or a case beside its parser. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 300);

const streams = Object.values(vectors.streams).map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));

/** Real streams, one after another, with bytes changed, stretches cut out and others put in. */
const mutated = fc
  .record({
    links: fc.array(fc.constantFrom(...streams), { minLength: 1, maxLength: 3 }),
    changes: fc.array(fc.tuple(fc.nat(4_000), fc.nat(255)), { maxLength: 6 }),
    cut: fc.tuple(fc.nat(4_000), fc.nat(300)),
    put: fc.tuple(fc.nat(4_000), fc.uint8Array({ maxLength: 300 })),
  })
  .map(({ links, changes, cut, put }) => {
    const whole = concat(links);
    for (const [at, value] of changes) if (at < whole.length) whole[at] = value;
    const kept = concat([whole.subarray(0, cut[0]), whole.subarray(cut[0] + cut[1])]);
    return concat([kept.subarray(0, put[0]), put[1], kept.subarray(put[0])]);
  });

/** Pages with a right CRC and anything in them: gets further than noise does. */
const wildPages = fc
  .array(
    fc.record({
      serial: fc.nat(2),
      sequence: fc.nat(5),
      granule: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
      continued: fc.boolean(),
      first: fc.boolean(),
      last: fc.boolean(),
      segments: fc.array(fc.constantFrom<number[]>(0, 1, 19, 100, 254, 255), { maxLength: 12 }),
      body: fc.oneof(
        fc.uint8Array({ maxLength: 600 }),
        fc.constantFrom(...streams).map((stream) => stream.subarray(28, 628)),
      ),
    }),
    { maxLength: 12 },
  )
  .map((pages) =>
    concat(
      pages.map((page) => {
        const body = new Uint8Array(page.segments.reduce((sum, length) => sum + length, 0));
        body.set(page.body.subarray(0, body.length));
        return makePage({ ...page, body });
      }),
    ),
  );

const anything = fc.oneof(fc.uint8Array({ maxLength: 2_000 }), mutated, wildPages);

function expectSound(read: Demuxed, stream: Uint8Array): void {
  const { counters } = read.demuxer;
  expect((counters.pageBytes ?? 0) + (counters.skippedBytes ?? 0)).toBe(stream.length);
  expect((counters.pagesTaken ?? 0) + (counters.pageOfAnother ?? 0) + (counters.pageRepeated ?? 0)).toBe(
    counters.pages,
  );
  expect(read.mostHeldBytes).toBeLessThanOrEqual(MAX_OGG_PAGE_BYTES + MAX_FRAME_BYTES);
  for (const { bytes, samples, skipped } of eventsOf(read, 'packet')) {
    expect(bytes.length).toBeGreaterThan(0);
    expect(bytes.length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
    expect(samples).toBeGreaterThan(0);
    expect(Number.isSafeInteger(skipped) && skipped >= 0).toBe(true);
  }
  // A link begins before anything of it, and has its comments before its packets.
  let stage = 'between';
  for (const { kind } of read.events) {
    if (kind === 'head') stage = 'begun';
    else if (kind === 'tags') {
      expect(stage).toBe('begun');
      stage = 'sound';
    } else if (kind === 'packet') expect(stage).toBe('sound');
    else if (kind === 'page') expect(stage).not.toBe('between');
    else if (kind === 'linkEnd') stage = 'between';
  }
}

describe('fuzz', () => {
  it('any bytes are taken apart within their bounds, and counted', () => {
    fc.assert(
      fc.property(anything, (stream) => expectSound(demux(stream), stream)),
      { numRuns },
    );
  });

  it('the same bytes give the same events, however they are cut', () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 700 }), (stream, piece) => {
        expect(demux(stream, piece).events).toEqual(demux(stream).events);
        expect(demux(stream, piece).demuxer.counters).toEqual(demux(stream).demuxer.counters);
      }),
      { numRuns },
    );
  });

  it('a real stream may come byte by byte, or be cut anywhere', () => {
    for (const stream of streams) {
      const whole = demux(stream).events;
      for (let at = 1; at < stream.length; at += 97) {
        expect(demux(stream, at).events).toEqual(whole);
      }
      expect(demux(stream, 1).events).toEqual(whole);
    }
  });

  it('what looks like page headers everywhere costs a bounded count of CRCs', () => {
    // Each header claims a page of the longest kind, and the next header begins within it.
    const header = new Uint8Array(27).fill(255);
    header.set([0x4f, 0x67, 0x67, 0x53, 0, 0]);
    const bytes = new Uint8Array(1_000_000);
    for (let at = 0; at < bytes.length; at += 27) bytes.set(header.subarray(0, bytes.length - at), at);
    const reader = new PageReader();
    reader.push(bytes, () => undefined);
    reader.end();
    expect(reader.counters.skippedBytes).toBe(bytes.length);
    // Each costs up to 50 KB: 4 bytes of CRC for each that came, and what may be counted at once.
    expect(reader.counters.badCrc).toBeLessThan(150);
  });

  it('comments are read within their bounds in parts of any size, as all at once', () => {
    const magic = Uint8Array.from([...'OpusTags'].map((letter) => letter.charCodeAt(0)));
    const little = fc.uint8Array({ maxLength: 400 }).map((rest) => concat([magic, rest]));
    const counted = fc
      .array(fc.tuple(fc.nat(20), fc.uint8Array({ maxLength: 20 })), { maxLength: 80 })
      .map((comments) =>
        concat([
          magic,
          Uint8Array.of(0, 0, 0, 0, comments.length, 0, 0, 0),
          ...comments.flatMap(([length, bytes]) => [Uint8Array.of(length, 0, 0, 0, 65, 61), bytes]),
        ]),
      );
    fc.assert(
      fc.property(fc.oneof(little, counted), fc.integer({ min: 1, max: 50 }), (bytes, piece) => {
        const whole = new TagsReader();
        whole.add(bytes);
        const parts = new TagsReader();
        for (let at = 0; at < bytes.length; at += piece) parts.add(bytes.subarray(at, at + piece));
        const { tags } = whole.end();
        expect(parts.end()).toEqual(whole.end());
        expect(tags.length).toBeLessThanOrEqual(MAX_TAGS);
        for (const [name, value] of tags) {
          expect(name.length).toBeLessThanOrEqual(MAX_TAG_NAME_LENGTH);
          expect(value.length).toBeLessThanOrEqual(MAX_TAG_VALUE_LENGTH);
        }
      }),
      { numRuns },
    );
  });

  it('UTF-8 is read as the platform reads it, and what is none never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bytes = new TextEncoder().encode(text);
        expect(utf8Text(bytes)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
      }),
      { numRuns },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(utf8Text(bytes).isWellFormed()).toBe(true);
      }),
      { numRuns },
    );
  });
});
