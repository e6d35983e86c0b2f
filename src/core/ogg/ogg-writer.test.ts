import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProgramFrame } from '../program/program-frame.ts';
import { oggPageCrc } from './ogg-page.ts';
import { OggWriter, PAGE_SAMPLES } from './ogg-writer.ts';
import { PagePacker } from './page-packer.ts';

interface ReadPage {
  readonly flags: number;
  readonly granule: bigint;
  readonly serial: number;
  readonly sequence: number;
  readonly lacing: readonly number[];
  readonly body: Buffer;
}

/** Reads a page with nothing of what wrote it but the CRC, which has a test of its own. */
function readPage(page: Uint8Array): ReadPage {
  const bytes = Buffer.from(page);
  expect(bytes.toString('latin1', 0, 4)).toBe('OggS');
  expect(bytes[4]).toBe(0);
  expect(bytes.readUInt32LE(22)).toBe(oggPageCrc(page));
  const count = bytes.readUInt8(26);
  const lacing = [...bytes.subarray(27, 27 + count)];
  const body = bytes.subarray(27 + count);
  expect(body.length).toBe(lacing.reduce((sum, length) => sum + length, 0));
  return {
    flags: bytes.readUInt8(5),
    granule: bytes.readBigInt64LE(6),
    serial: bytes.readUInt32LE(14),
    sequence: bytes.readUInt32LE(18),
    lacing,
    body,
  };
}

/** Packets of pages that follow each other, and the place where each page's last packet ends. */
function readPackets(pages: readonly ReadPage[]): Buffer[] {
  const packets: Buffer[] = [];
  let parts: Buffer[] = [];
  for (const { flags, lacing, body } of pages) {
    expect((flags & 1) === 1).toBe(parts.length > 0);
    let at = 0;
    for (const length of lacing) {
      parts.push(body.subarray(at, at + length));
      at += length;
      if (length === 255) continue;
      packets.push(Buffer.concat(parts));
      parts = [];
    }
  }
  expect(parts).toEqual([]);
  return packets;
}

function frameOf(position: number, payload: Uint8Array, samples = 960): ProgramFrame {
  return { sequence: 0, position, samples, channels: 1, payload, atMs: 0 };
}

function recordingWriter() {
  const headers: { page: ReadPage; part: string }[] = [];
  const pages: ReadPage[] = [];
  const all: ReadPage[] = [];
  const writer = new OggWriter({
    onHeader: (bytes, part) => {
      headers.push({ page: readPage(bytes), part });
      all.push(readPage(bytes));
    },
    onPage: (bytes) => {
      pages.push(readPage(bytes));
      all.push(readPage(bytes));
    },
  });
  return { writer, headers, pages, all };
}

const LINK = { serial: 7, channels: 2, preSkipSamples: 312, tags: [['title', 'One']] } as const;

describe('PagePacker', () => {
  it('gives back every packet, however long, over as many pages as it takes', () => {
    const packet = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 600 }),
      fc
        .constantFrom(0, 254, 255, 256, 510, 65_024, 65_025, 65_026, 130_050, 200_000)
        .map((length) => new Uint8Array(length).fill(length & 0xff)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(packet, fc.boolean()), { maxLength: 20 }), (steps) => {
        const pages: ReadPage[] = [];
        const packer = new PagePacker(0xffff_ffff, (bytes) => pages.push(readPage(bytes)));
        let granule = 0n;
        for (const [bytes, flush] of steps) {
          granule += 960n;
          packer.packet(bytes, granule);
          if (flush) packer.flush();
        }
        packer.end();
        packer.end();
        expect(readPackets(pages)).toEqual(steps.map(([bytes]) => Buffer.from(bytes)));
        expect(pages.map(({ sequence }) => sequence)).toEqual(pages.map((_, index) => index));
        expect(pages.map(({ flags }) => (flags & 2) === 2)).toEqual(pages.map((_, index) => index === 0));
        expect(pages.map(({ flags }) => (flags & 4) === 4)).toEqual(
          pages.map((_, index) => index === pages.length - 1),
        );
        for (const { serial } of pages) expect(serial).toBe(0xffff_ffff);
        let ended = 0n;
        for (const { lacing, granule: at } of pages) {
          const ends = lacing.filter((length) => length < 255).length;
          ended += BigInt(ends);
          expect(at).toBe(ends === 0 ? -1n : ended * 960n);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('begins a page with a packet that does not fit on the one before', () => {
    const pages: ReadPage[] = [];
    const packer = new PagePacker(1, (bytes) => pages.push(readPage(bytes)));
    for (let count = 1; count <= 18; count += 1) packer.packet(new Uint8Array(3_828), BigInt(count));
    packer.flush();
    expect(packer.empty).toBe(true);
    expect(pages.map(({ flags }) => flags & 1)).toEqual([0, 0]);
    // 15 full segments and one of 3 each: 15 packets fill 240 of 255.
    expect(pages.map(({ lacing, granule }) => [lacing.length, granule])).toEqual([
      [240, 15n],
      [48, 18n],
    ]);
  });
});

describe('OggWriter', () => {
  it('puts the headers alone on their pages, at position zero', () => {
    const { writer, headers, pages } = recordingWriter();
    writer.begin(LINK, 96_000);
    expect(headers.map(({ part }) => part)).toEqual(['first', 'further']);
    expect(headers.map(({ page }) => [page.flags, page.granule, page.sequence])).toEqual([
      [2, 0n, 0],
      [0, 0n, 1],
    ]);
    expect(headers[0]?.page.body.toString('latin1', 0, 8)).toBe('OpusHead');
    expect(headers[1]?.page.body.toString('latin1')).toContain('TITLE=One');
    expect(pages).toEqual([]);
  });

  it('tells all pages of long tags to be headers, and puts no sound on the last of them', () => {
    const { writer, headers, pages } = recordingWriter();
    writer.begin({ ...LINK, tags: [['comment', 'x'.repeat(150_000)]] }, 0);
    expect(headers.map(({ part }) => part)).toEqual(['first', 'further', 'further', 'further']);
    expect(headers.map(({ page }) => page.granule)).toEqual([0n, -1n, -1n, 0n]);
    writer.frame(frameOf(0, Uint8Array.of(1)));
    writer.flush();
    expect(pages.map(({ flags, body }) => [flags, body.length])).toEqual([[0, 1]]);
  });

  it('finishes a page every 100 ms, and says where its last frame ends', () => {
    const { writer, pages } = recordingWriter();
    writer.begin(LINK, 1_000);
    for (let count = 0; count < 12; count += 1) {
      writer.frame(frameOf(1_000 + count * 960, Uint8Array.of(count)));
    }
    expect(pages.map(({ granule, body }) => [granule, [...body]])).toEqual([
      [4_800n, [0, 1, 2, 3, 4]],
      [9_600n, [5, 6, 7, 8, 9]],
    ]);
    expect(writer.waitingSamples).toBe(1_920);
    writer.flush();
    expect(writer.waitingSamples).toBe(0);
    expect(pages.at(-1)?.granule).toBe(11_520n);
  });

  it('shows a hole, with a page that ends before it', () => {
    const { writer, pages } = recordingWriter();
    writer.begin(LINK, 0);
    writer.frame(frameOf(0, Uint8Array.of(1)));
    writer.frame(frameOf(960 + 48_000, Uint8Array.of(2)));
    writer.flush();
    expect(pages.map(({ granule, body }) => [granule, [...body]])).toEqual([
      [960n, [1]],
      [49_920n, [2]],
    ]);
  });

  it('goes on in a new link: the old one ends, positions begin anew', () => {
    const { writer, all } = recordingWriter();
    writer.begin(LINK, 480);
    writer.frame(frameOf(480, Uint8Array.of(1)));
    writer.begin({ ...LINK, serial: 8, preSkipSamples: 0 }, 1_440);
    writer.frame(frameOf(1_440, Uint8Array.of(2)));
    writer.flush();
    writer.end();
    writer.end();
    expect(writer.open).toBe(false);
    writer.frame(frameOf(2_400, Uint8Array.of(3)));
    expect(
      all.map(({ serial, sequence, flags, granule, lacing }) => [
        serial,
        sequence,
        flags,
        granule,
        lacing.length,
      ]),
    ).toEqual([
      [7, 0, 2, 0n, 1],
      [7, 1, 0, 0n, 1],
      [7, 2, 4, 960n, 1],
      [8, 0, 2, 0n, 1],
      [8, 1, 0, 0n, 1],
      [8, 2, 0, 960n, 1],
      // Nothing waited: the end stands on a page without a packet.
      [8, 3, 4, -1n, 0],
    ]);
  });

  it('writes any frames whole and in order, with positions that fit them', () => {
    const frame = fc.record({
      payload: fc.uint8Array({ minLength: 1, maxLength: 3_828 }),
      samples: fc.constantFrom(120, 240, 480, 960, 1_920, 2_880, 5_760),
      hole: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat(100_000)),
      turn: fc.constantFrom('on', 'on', 'on', 'on', 'flush', 'link'),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 40 }), fc.nat(1_000_000), (steps, zero) => {
        const { writer, headers, pages } = recordingWriter();
        let position = zero;
        let start = zero;
        let serial = 1;
        writer.begin({ ...LINK, serial }, position);
        const ends: bigint[] = [];
        for (const { payload, samples, hole, turn } of steps) {
          position += hole;
          if (turn === 'flush') writer.flush();
          if (turn === 'link') {
            serial += 1;
            start = position;
            writer.begin({ ...LINK, serial }, position);
          }
          writer.frame(frameOf(position, payload, samples));
          position += samples;
          ends.push(BigInt(position - start));
        }
        writer.end();
        expect(headers.length).toBe(2 * serial);
        expect(readPackets(pages)).toEqual(steps.map(({ payload }) => Buffer.from(payload)));
        let count = 0;
        for (const { granule, lacing } of pages) {
          const here = lacing.filter((length) => length < 255).length;
          const sound = steps.slice(count, count + here);
          // Frames of a page follow each other, and a page holds at most what makes it full and the frame that did.
          expect(sound.slice(1).every(({ hole }) => hole === 0)).toBe(true);
          expect(sound.slice(0, -1).reduce((sum, { samples }) => sum + samples, 0)).toBeLessThan(
            PAGE_SAMPLES,
          );
          count += here;
          if (here > 0) expect(granule).toBe(ends[count - 1]);
        }
      }),
      { numRuns: 100 },
    );
  });
});
