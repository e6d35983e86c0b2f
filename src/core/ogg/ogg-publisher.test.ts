import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tags } from '../program/broadcast.ts';
import { Program } from '../program/program.ts';
import type { ProgramFrame, ProgramPage } from '../program/program-frame.ts';
import { collecting, TEST_LIMITS } from '../program/program-rig.ts';
import { OggPublisher, PUBLISHER_SILENCE_MS } from './ogg-publisher.ts';
import { concat, headers, pageOfPackets, pagesOfPacket, soundPage } from './ogg-rig.ts';
import { writeOpusTags } from './opus-headers.ts';
import { MAX_QUEUED_SAMPLES } from './release-queue.ts';
import vectors from './vectors.json' with { type: 'json' };

/** A program with a listener of each kind, and a publisher to it. */
function stage(names = { source: '', bitrate: null as number | null }) {
  const program = new Program({ channel: 1, limits: TEST_LIMITS });
  const frames = collecting<ProgramFrame>();
  const pages = collecting<ProgramPage>();
  program.frames.join(frames);
  program.pages.join(pages);
  const said: string[] = [];
  program.watch({
    handleBegin: ({ source, channels, container }) => said.push(`begin ${source} ${channels} ${container}`),
    handleTags: (tags: Tags) => said.push(`tags ${tags.map((tag) => tag.join('=')).join(';')}`),
    handleEnd: () => said.push('end'),
  });
  const publisher = new OggPublisher(program, names, 0);
  /** Time goes on until then. */
  const wait = (untilMs: number): void => {
    for (
      let at = publisher.nextDeadlineMs();
      at <= untilMs && !publisher.isDone;
      at = publisher.nextDeadlineMs()
    ) {
      publisher.handleTime(at);
      if (publisher.refusal !== null) return;
    }
  };
  return { program, frames, pages, said, publisher, wait };
}

const second = (serial: number, sequence: number, seconds: number): Uint8Array =>
  soundPage(serial, sequence, seconds * 48_000, 50);

describe('OggPublisher', () => {
  it('brings pages and packets into the program byte for byte, once the comments are read', () => {
    const { program, frames, pages, said, publisher } = stage({ source: ' Live\nRadio ', bitrate: 64_000 });
    const [head = new Uint8Array(0), tags = new Uint8Array(0)] = headers(1, 'A');
    publisher.handleBytes(head, 0);
    expect(said).toEqual([]);
    publisher.handleBytes(tags, 0);
    expect(said).toEqual(['begin Live Radio 1 ogg', 'tags title=A']);
    const sound = soundPage(1, 2, 960, 1);
    publisher.handleBytes(sound, 20);
    expect(frames.got).toHaveLength(1);
    expect(frames.got[0]).toMatchObject({ atMs: 20, samples: 960 });
    expect(concat(pages.got.map(({ bytes }) => bytes))).toEqual(concat([head, tags, sound]));
    expect(concat(program.headerPages.map(({ bytes }) => bytes))).toEqual(concat([head, tags]));
    expect(program.broadcast?.bitrate).toBe(64_000);
  });

  it('goes on with the broadcast where a link has as many channels, and begins another where not', () => {
    const { said, frames, publisher, wait } = stage();
    const links = [
      ...headers(1, 'A'),
      soundPage(1, 2, 960, 1),
      ...headers(2, 'B'),
      soundPage(2, 2, 960, 1),
      ...headers(3, 'C', 2),
      soundPage(3, 2, 960, 1),
    ];
    publisher.handleBytes(concat(links), 0);
    publisher.handleEnd(0);
    wait(1_000);
    expect(said).toEqual([
      'begin Publisher 1 ogg',
      'tags title=A',
      'tags title=B',
      'end',
      'begin Publisher 2 ogg',
      'tags title=C',
      'end',
    ]);
    expect(frames.got.map(({ position }) => position)).toEqual([0, 960, 1920]);
    expect(publisher.isDone).toBe(true);
  });

  it('takes a file no faster than it is heard, and never more than two seconds ahead', () => {
    const { frames, publisher, wait } = stage();
    const file = concat([
      ...headers(1, 'A'),
      ...Array.from({ length: 10 }, (_, at) => second(1, at + 2, at + 1)),
    ]);
    let taken = publisher.handleBytes(file, 0);
    expect(taken).toBeLessThan(file.length);
    let mostAheadMs = 0;
    for (let nowMs = 0; taken < file.length; nowMs += 10) {
      wait(nowMs);
      taken += publisher.handleBytes(file.subarray(taken), nowMs);
      const aheadMs = ((taken - 300) / (file.length - 300)) * 10_000 - nowMs;
      mostAheadMs = Math.max(mostAheadMs, aheadMs);
    }
    publisher.handleEnd(9_000);
    wait(20_000);
    expect(frames.got).toHaveLength(500);
    const heardMs = (frames.got.at(-1)?.atMs ?? 0) - (frames.got[0]?.atMs ?? 0);
    expect(heardMs).toBeGreaterThan(9_960);
    expect(heardMs).toBeLessThan(10_000);
    // Two seconds, and the slice and the page that were under way: a page here is as small as 600 bytes.
    expect(mostAheadMs).toBeLessThan(MAX_QUEUED_SAMPLES / 48 + 2_500);
  });

  it('passes what a live publisher sends in the same call', () => {
    const { frames, publisher } = stage();
    publisher.handleBytes(concat(headers(1, 'A')), 0);
    for (let at = 0; at < 200; at += 1)
      publisher.handleBytes(soundPage(1, at + 2, (at + 1) * 960, 1), at * 20);
    expect(frames.got.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 200 }, (_, at) => at * 20));
  });

  it('takes a song named beside the stream until the stream names another', () => {
    const { said, publisher } = stage();
    publisher.handleSong([['title', 'too early']]);
    const [head = new Uint8Array(0)] = headers(1, 'A');
    const tags = writeOpusTags('rig', [
      ['title', 'A'],
      ['genre', 'Jazz'],
    ]);
    publisher.handleBytes(concat([head, pageOfPackets([tags], { serial: 1, sequence: 1, granule: 0n })]), 0);
    publisher.handleSong([
      ['artist', 'X'],
      ['title', 'Y'],
    ]);
    publisher.handleBytes(concat(headers(2, 'B')), 0);
    expect(said.slice(1)).toEqual([
      'tags title=A;genre=Jazz',
      'tags artist=X;title=Y;genre=Jazz',
      'tags title=B',
    ]);
  });

  it('leaves its pages out where a late joiner could not be given the headers', () => {
    const { said, pages, frames, publisher, wait } = stage();
    const [head = new Uint8Array(0)] = headers(1, 'A');
    const tags = writeOpusTags('rig', [
      ['title', 'Cover'],
      ['metadata_block_picture', 'x'.repeat(1_100_000)],
    ]);
    const headerPages = pagesOfPacket(tags, 1, 1);
    publisher.handleBytes(concat([head, ...headerPages, soundPage(1, headerPages.length + 1, 960, 1)]), 0);
    wait(1_000);
    expect(said).toEqual(['begin Publisher 1 null', 'tags title=Cover']);
    expect(pages.got).toEqual([]);
    expect(frames.got).toHaveLength(1);
  });

  it('refuses what is no Ogg, what is no Opus, and a second publisher', () => {
    const noise = stage();
    noise.publisher.handleBytes(new Uint8Array(200_000), 0);
    expect(noise.publisher.refusal).toBe('noOgg');
    const other = stage();
    other.publisher.handleBytes(
      concat([
        pageOfPackets([Uint8Array.of(1, 118, 111, 114, 98, 105, 115)], { sequence: 0, first: true }),
        pageOfPackets([Uint8Array.of(3)], { sequence: 1 }),
      ]),
      0,
    );
    expect(other.publisher.refusal).toBe('noOpus');
    const { program, publisher, said } = stage();
    const second = new OggPublisher(program, { source: '', bitrate: null }, 0);
    publisher.handleBytes(concat(headers(1, 'A')), 0);
    second.handleBytes(concat(headers(1, 'B')), 0);
    expect(second.refusal).toBe('publisherBusy');
    second.close();
    expect(said).toEqual(['begin Publisher 1 ogg', 'tags title=A']);
    publisher.close();
    expect(said.at(-1)).toBe('end');
    program.close();
    const late = new OggPublisher(program, { source: '', bitrate: null }, 0);
    late.handleBytes(concat(headers(1, 'C')), 0);
    expect(late.refusal).toBe('programOver');
  });

  it('ends a publisher of whom nothing comes, but not one that is made to wait', () => {
    const { publisher, wait } = stage();
    publisher.handleBytes(concat(headers(1, 'A')), 0);
    wait(PUBLISHER_SILENCE_MS - 1);
    expect(publisher.refusal).toBeNull();
    publisher.handleBytes(soundPage(1, 2, 960, 1), PUBLISHER_SILENCE_MS - 1);
    wait(2 * PUBLISHER_SILENCE_MS - 2);
    expect(publisher.refusal).toBeNull();
    publisher.handleBytes(new Uint8Array(100), 2 * PUBLISHER_SILENCE_MS - 2);
    wait(2 * PUBLISHER_SILENCE_MS);
    expect(publisher.refusal).toBe('publisherSilent');
  });

  it('makes a publisher wait that sends more bytes than any sound has', () => {
    const { publisher, wait } = stage();
    publisher.handleBytes(concat(headers(1, 'A')), 0);
    const noise = new Uint8Array(20_000_000);
    const first = publisher.handleBytes(noise, 0);
    expect(first).toBeGreaterThan(8_000_000);
    expect(first).toBeLessThan(8_500_000);
    expect(publisher.isFull(0)).toBe(true);
    wait(1_000);
    expect(publisher.handleBytes(noise.subarray(first), 1_000)).toBeLessThan(1_100_000);
  });

  it('brings every packet that is read into the program, whatever comes and in whatever pieces', () => {
    const streams = Object.values(vectors.streams).map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
    const part = fc.oneof(
      fc.constantFrom(...streams).map((bytes): Uint8Array => bytes.slice()),
      fc.uint8Array({ maxLength: 300 }).map((bytes): Uint8Array => bytes),
    );
    const change = fc.tuple(fc.nat(3_000), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 4 }),
        fc.array(change, { maxLength: 3 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.nat(500)), { minLength: 1, maxLength: 5 }),
        (parts, changes, steps) => {
          const { program, publisher, said, wait } = stage();
          const stream = concat(parts);
          for (const [at, value] of changes) if (at < stream.length) stream[at] = value;
          let nowMs = 0;
          let taken = 0;
          for (let step = 0; taken < stream.length && publisher.refusal === null; step += 1) {
            const [bytes, waitMs] = steps[step % steps.length] ?? [1, 1];
            taken += publisher.handleBytes(stream.subarray(taken, taken + bytes), nowMs);
            nowMs += waitMs + 1;
            wait(nowMs);
          }
          publisher.handleEnd(nowMs);
          wait(Number.MAX_SAFE_INTEGER);
          const begun = said.filter((line) => line.startsWith('begin')).length;
          if (publisher.refusal === null) {
            expect(publisher.isDone).toBe(true);
            expect(program.counters.frames).toBe(publisher.counters.packets ?? 0);
          }
          publisher.close();
          expect(said.filter((line) => line === 'end')).toHaveLength(begun);
          const { frameEmpty, frameTooLong, frameMalformed, broadcastOver } = program.counters;
          expect([frameEmpty, frameTooLong, frameMalformed, broadcastOver]).toEqual([0, 0, 0, 0]);
        },
      ),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 200) },
    );
  });
});
