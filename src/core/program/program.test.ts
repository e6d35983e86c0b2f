import { describe, expect, it } from 'vitest';
import type { Broadcast, Tags } from './broadcast.ts';
import { type Feed, MAX_HEADER_BYTES, MAX_KEPT_UNIT_BYTES, Program } from './program.ts';
import { MAX_FRAME_BYTES, type ProgramFrame, type ProgramPage } from './program-frame.ts';
import { collecting, PUBLISHER, packetOf, TEST_LIMITS } from './program-rig.ts';

function begun(): { program: Program; feed: Feed } {
  const program = new Program({ channel: 1, limits: TEST_LIMITS });
  const feed = program.begin(PUBLISHER);
  if (feed === null) throw new Error('nothing else is on');
  return { program, feed };
}

describe('Program', () => {
  it('hands on the very bytes, numbered and placed in time, over several broadcasts', () => {
    const { program, feed } = begun();
    const outlet = collecting<ProgramFrame>();
    program.frames.join(outlet);
    const packets = [packetOf(1), packetOf(2, true)];
    for (const packet of packets) expect(feed.frame(packet, 5)).toBeNull();
    feed.end();
    const again = program.begin(PUBLISHER);
    again?.frame(packetOf(3), 50, 480);
    expect(
      outlet.got.map(({ sequence, position, samples, channels }) => [sequence, position, samples, channels]),
    ).toEqual([
      [0, 0, 960, 1],
      [1, 960, 960, 2],
      [2, 2_400, 960, 1],
    ]);
    expect(outlet.got[0]?.payload).toBe(packets[0]);
  });

  it('refuses what is no Opus packet, counts it, and goes on', () => {
    const { program, feed } = begun();
    expect(feed.frame(new Uint8Array(), 0)).toBe('frameEmpty');
    expect(feed.frame(new Uint8Array(MAX_FRAME_BYTES + 1).fill(0xf8), 0)).toBe('frameTooLong');
    expect(feed.frame(new Uint8Array(MAX_FRAME_BYTES).fill(0xf8), 0)).toBeNull();
    // Code 3 with a count of zero frames (RFC 6716, section 3.2.5, R5).
    expect(feed.frame(Uint8Array.of(0xfb, 0), 0)).toBe('frameMalformed');
    feed.end();
    expect(feed.frame(packetOf(1), 0)).toBe('broadcastOver');
    expect(program.counters).toMatchObject({
      frames: 1,
      frameEmpty: 1,
      frameTooLong: 1,
      frameMalformed: 1,
      broadcastOver: 1,
    });
  });

  it('lets one broadcast on at a time, and none when it is closed', () => {
    const { program, feed } = begun();
    expect(program.begin(PUBLISHER)).toBeNull();
    feed.end();
    expect(program.begin(PUBLISHER)?.broadcast.id).toBe(2);
    program.close();
    expect(program.begin(PUBLISHER)).toBeNull();
  });

  it('keeps the newest two seconds of frames for late joiners', () => {
    const { program, feed } = begun();
    for (let n = 0; n < 200; n += 1) feed.frame(packetOf(n), n * 20);
    expect(program.recentFrames(960 * 5).map(({ sequence }) => sequence)).toEqual([195, 196, 197, 198, 199]);
    const all = program.recentFrames(Number.MAX_SAFE_INTEGER);
    expect(all.length).toBeGreaterThanOrEqual(99);
    expect(all.length).toBeLessThanOrEqual(101);
    feed.end();
    expect(program.recentFrames(960)).toEqual([]);
  });

  it('keeps header pages apart, forgets them with the next link of a chain, and bounds them', () => {
    const { program, feed } = begun();
    const outlet = collecting<ProgramPage>();
    program.pages.join(outlet);
    const page = (mark: number): Uint8Array => Uint8Array.of(mark);
    feed.page(page(1), 'first', 0);
    feed.page(page(2), 'further', 0);
    for (let n = 0; n < 40; n += 1) feed.page(page(10 + n), null, n * 100);
    expect(program.headerPages.map(({ bytes }) => bytes[0])).toEqual([1, 2]);
    const recent = program.recentPages(1_000).map(({ bytes }) => bytes[0]);
    expect(recent.at(-1)).toBe(49);
    expect(recent.length).toBe(11);
    expect(program.recentPages(0).map(({ bytes }) => bytes[0])).toEqual([49]);
    feed.page(page(3), 'first', 5_000);
    expect(program.headerPages.map(({ bytes }) => bytes[0])).toEqual([3]);
    expect(program.recentPages(1_000)).toEqual([]);
    feed.page(new Uint8Array(MAX_HEADER_BYTES), 'further', 5_000);
    expect(program.headerPages.length).toBe(1);
    expect(outlet.got.length).toBe(44);
  });

  it('keeps access units from the newest key on', () => {
    const { program, feed } = begun();
    const unit = (ticks: number, key: boolean) => ({ units: [Uint8Array.of(1)], ticks, key, atMs: 0 });
    feed.accessUnit(unit(0, false));
    expect(program.recentUnits()).toEqual([]);
    for (const [ticks, key] of [
      [1, true],
      [2, false],
      [3, true],
      [4, false],
    ] as const)
      feed.accessUnit(unit(ticks, key));
    expect(program.recentUnits().map(({ ticks }) => ticks)).toEqual([3, 4]);
  });

  it('forgets pictures that have grown too large to be kept, until the next key', () => {
    const { program, feed } = begun();
    const unit = (bytes: number, key: boolean) => ({
      units: [new Uint8Array(bytes)],
      ticks: 0,
      key,
      atMs: 0,
    });
    feed.accessUnit(unit(MAX_KEPT_UNIT_BYTES - 1, true));
    feed.accessUnit(unit(1, false));
    expect(program.recentUnits().length).toBe(2);
    feed.accessUnit(unit(1, false));
    expect(program.recentUnits()).toEqual([]);
    feed.accessUnit(unit(1, false));
    expect(program.recentUnits()).toEqual([]);
    feed.accessUnit(unit(1, true));
    expect(program.recentUnits().length).toBe(1);
  });

  it('tells what happens in order, tags only when they change', () => {
    const program = new Program({ channel: 1, limits: TEST_LIMITS });
    const told: string[] = [];
    program.watch({
      handleBegin: ({ id }: Broadcast) => told.push(`begin ${id}`),
      handleFrame: ({ sequence }) => told.push(`frame ${sequence}`),
      handleTags: (tags: Tags) => told.push(`tags ${JSON.stringify(tags)}`),
      handleEnd: ({ id }) => told.push(`end ${id}`),
      handleClosed: () => told.push('closed'),
    });
    const feed = program.begin(PUBLISHER);
    feed?.tags([['title', 'One']]);
    feed?.tags([['title', 'One']]);
    feed?.frame(packetOf(1), 0);
    program.close();
    program.close();
    expect(told).toEqual(['begin 1', 'tags [["title","One"]]', 'frame 0', 'end 1', 'closed']);
    expect(program.tags).toEqual([]);
  });

  it('tells how many read it, of every kind', () => {
    const counts: number[] = [];
    const program: Program = new Program({
      channel: 1,
      limits: TEST_LIMITS,
      onDidChangeListeners: () => counts.push(program.listeners),
    });
    const seat = program.frames.join(collecting());
    program.pages.join(collecting());
    seat.leave();
    seat.leave();
    program.close();
    expect(counts).toEqual([1, 2, 1, 0]);
  });
});
