import { describe, expect, it } from 'vitest';
import type { Outlet, Seat } from '../program/fan-out.ts';
import { Program } from '../program/program.ts';
import type { ProgramPage } from '../program/program-frame.ts';
import { OggCursor } from './ogg-cursor.ts';
import { ProgramOgg } from './program-ogg.ts';

const LIMITS = { maxBacklogBytes: 1_000, maxStallMs: 10_000 };

const REQUEST = {
  kind: 'mix',
  source: 'Talk',
  channels: 1,
  bitrate: null,
  preSkipSamples: 312,
  container: null,
} as const;

/** CELT, 20 ms, mono, and what tells packets apart. */
function packet(number: number): Uint8Array {
  return Uint8Array.of(0xf8, number >>> 8, number & 0xff);
}

function createProgram(): Program {
  return new Program({ channel: 1, limits: { frames: LIMITS, pages: LIMITS, units: LIMITS } });
}

function createOgg(program: Program, nowMs = 0): ProgramOgg {
  let serial = 100;
  return new ProgramOgg({
    program,
    nowMs,
    nextSerial: () => {
      serial += 1;
      return serial;
    },
  });
}

/** A listener that writes down what it would send: what kind of page, of which stream, with how many packets. */
class ToyListener implements Outlet<ProgramPage> {
  readonly got: string[] = [];
  readonly pages: Uint8Array[] = [];
  readonly #ogg: ProgramOgg;
  readonly #cursor = new OggCursor();
  readonly seat: Seat;
  jammed = false;

  constructor(program: Program, ogg: ProgramOgg, nowMs = 0) {
    this.#ogg = ogg;
    const opening = ogg.opening(nowMs);
    this.seat = { lost: 0, leave: () => undefined };
    this.seat = program.pages.join(this, opening);
  }

  send(page: ProgramPage): void {
    this.#cursor.handlePage(page, this.#ogg.headers, this.seat.lost, (bytes) => {
      this.pages.push(bytes);
      this.got.push(nameOf(bytes));
    });
  }

  backlogBytes(): number {
    return this.jammed ? 1_001 : 0;
  }

  end(): void {
    this.got.push('end');
  }
}

function preSkipOf(head: Uint8Array | undefined): number {
  return Buffer.from(head ?? []).readUInt16LE(28 + 10);
}

function nameOf(page: Uint8Array): string {
  const bytes = Buffer.from(page);
  const body = bytes.toString('latin1', 27 + (bytes[26] ?? 0));
  const flags = bytes[5] ?? 0;
  const kind = body.startsWith('OpusHead')
    ? 'head'
    : body.startsWith('OpusTags')
      ? `tags ${/TITLE=(\w+)/.exec(body)?.[1]}`
      : `${bytes[26]} packets`;
  return `${bytes.readUInt32LE(14)}: ${(flags & 1) === 0 ? '' : '+'}${kind}${(flags & 4) === 0 ? '' : ', last'}`;
}

describe('ProgramOgg', () => {
  it('writes a page every 100 ms, headers first, and ends the stream with the broadcast', () => {
    const program = createProgram();
    const listener = new ToyListener(program, createOgg(program));
    const feed = program.begin(REQUEST);
    feed?.tags([['title', 'One']]);
    for (let count = 0; count < 11; count += 1) feed?.frame(packet(count), count * 20);
    feed?.end();
    expect(listener.got).toEqual([
      '101: head',
      '101: tags One',
      '101: 5 packets',
      '101: 5 packets',
      '101: 1 packets, last',
    ]);
    expect(preSkipOf(listener.pages[0])).toBe(312);
  });

  it('begins a link when tags change, not for tags that come with the broadcast', () => {
    const program = createProgram();
    const listener = new ToyListener(program, createOgg(program));
    const feed = program.begin(REQUEST);
    feed?.frame(packet(0), 0);
    feed?.tags([['title', 'Two']]);
    feed?.frame(packet(1), 20);
    feed?.end();
    program.begin(REQUEST)?.frame(packet(2), 40);
    expect(listener.got).toEqual([
      '101: head',
      '101: tags Talk',
      '101: 1 packets, last',
      '102: head',
      '102: tags Two',
      // The frame before the change is heard on the link before; here it brings the decoder into step.
      '102: 2 packets, last',
      '103: head',
      '103: tags Talk',
    ]);
  });

  it('gives the first listener of a broadcast under way what was heard last, and every later one too', () => {
    const program = createProgram();
    const feed = program.begin(REQUEST);
    for (let count = 0; count < 100; count += 1) feed?.frame(packet(count), count * 20);
    const ogg = createOgg(program, 1_990);
    const first = new ToyListener(program, ogg, 1_990);
    expect(first.got).toEqual(['101: head', '101: tags Talk', ...Array(10).fill('101: 5 packets')]);
    for (let count = 100; count < 105; count += 1) feed?.frame(packet(count), count * 20);
    const second = new ToyListener(program, ogg, 2_100);
    expect(second.got.slice(0, 2)).toEqual(['101: head', '101: tags Talk']);
    expect(second.pages.at(-1)).toBe(first.pages.at(-1));
    expect(preSkipOf(first.pages[0])).toBe(3_840);
  });

  it('lets a decoder of a new link come into step with the last 80 ms, unless there is a hole', () => {
    const program = createProgram();
    const listener = new ToyListener(program, createOgg(program));
    const feed = program.begin(REQUEST);
    for (let count = 0; count < 10; count += 1) feed?.frame(packet(count), count * 20);
    feed?.tags([['title', 'Two']]);
    feed?.frame(packet(10), 200);
    feed?.tags([['title', 'Three']]);
    feed?.frame(packet(11), 1_220, 48_000);
    feed?.end();
    expect(listener.got.slice(4)).toEqual([
      '101: 0 packets, last',
      '102: head',
      '102: tags Two',
      '102: 5 packets',
      '102: 0 packets, last',
      '103: head',
      '103: tags Three',
      '103: 1 packets, last',
    ]);
    const heads = listener.pages.filter((bytes) => nameOf(bytes).endsWith('head'));
    expect(heads.map(preSkipOf)).toEqual([312, 3_840, 312]);
    const second = Buffer.from(listener.pages[7] ?? []);
    // 80 ms that are skipped, and 20 ms of sound.
    expect(second.readBigInt64LE(6)).toBe(4_800n);
    expect(second.subarray(27 + 5).toString('hex')).toBe('f80006f80007f80008f80009f8000a');
  });

  it('does not give sound of an earlier time to whoever wakes a mix', () => {
    const program = createProgram();
    const feed = program.begin(REQUEST);
    for (let count = 0; count < 100; count += 1) feed?.frame(packet(count), count * 20);
    const listener = new ToyListener(program, createOgg(program, 60_000), 60_000);
    expect(listener.got).toEqual([]);
    for (let count = 0; count < 5; count += 1) feed?.frame(packet(count), 60_100 + count * 20);
    expect(listener.got).toEqual(['101: head', '101: tags Talk', '101: 5 packets']);
  });

  it('lets no frame wait for others that do not come', () => {
    const program = createProgram();
    const ogg = createOgg(program);
    const listener = new ToyListener(program, ogg);
    program.begin(REQUEST)?.frame(packet(0), 0);
    ogg.handleTimeout(199);
    expect(listener.got.length).toBe(2);
    ogg.handleTimeout(200);
    ogg.handleTimeout(400);
    expect(listener.got).toEqual(['101: head', '101: tags Talk', '101: 1 packets']);
  });

  it('gives on a publisher’s own pages, and goes on with written ones when it is followed by something else', () => {
    const program = createProgram();
    const ogg = createOgg(program);
    const listener = new ToyListener(program, ogg);
    const feed = program.begin({ ...REQUEST, kind: 'publisher', container: 'ogg' });
    const headers = [page(7, 0), page(7, 0)];
    feed?.page(headers[0] ?? Uint8Array.of(), 'first', 0);
    feed?.page(headers[1] ?? Uint8Array.of(), 'further', 0);
    feed?.frame(packet(0), 10);
    const sound = page(7, 0);
    feed?.page(sound, null, 20);
    expect(listener.pages).toEqual([...headers, sound]);
    const late = new ToyListener(program, ogg);
    expect(late.pages).toEqual([...headers, sound]);
    feed?.end();
    const next = program.begin(REQUEST);
    for (let count = 0; count < 5; count += 1) next?.frame(packet(count), 40);
    expect(late.got.slice(3)).toEqual(['101: head', '101: tags Talk', '101: 5 packets']);
  });

  it('gives a listener whose connection was jammed the headers that it lost, and the others all pages', () => {
    const program = createProgram();
    const ogg = createOgg(program);
    const slow = new ToyListener(program, ogg);
    const healthy = new ToyListener(program, ogg);
    const feed = program.begin(REQUEST);
    for (let count = 0; count < 5; count += 1) feed?.frame(packet(count), count * 20);
    slow.jammed = true;
    feed?.tags([['title', 'Two']]);
    for (let count = 5; count < 10; count += 1) feed?.frame(packet(count), count * 20);
    slow.jammed = false;
    for (let count = 10; count < 15; count += 1) feed?.frame(packet(count), count * 20);
    const beginning = ['101: head', '101: tags Talk', '101: 5 packets'];
    const second = ['102: head', '102: tags Two'];
    expect(healthy.got).toEqual([
      ...beginning,
      '101: 0 packets, last',
      ...second,
      '102: 5 packets',
      '102: 5 packets',
    ]);
    expect(slow.got).toEqual([...beginning, ...second, '102: 5 packets']);
    expect(slow.seat.lost).toBe(4);
  });

  it('opens with the last second of a publisher’s pages, and with four where they are long', () => {
    const program = createProgram();
    const ogg = createOgg(program);
    const feed = program.begin({ ...REQUEST, kind: 'publisher', container: 'ogg' });
    feed?.page(page(7, 2), 'first', 0);
    for (let count = 0; count < 20; count += 1) feed?.page(page(7, 0), null, count * 100);
    expect(ogg.opening(2_000).map(({ atMs }) => atMs)).toEqual([
      900, 1_000, 1_100, 1_200, 1_300, 1_400, 1_500, 1_600, 1_700, 1_800, 1_900,
    ]);
    for (let count = 0; count < 5; count += 1) feed?.page(page(7, 0), null, 4_000 + count * 990);
    expect(ogg.opening(8_000).map(({ atMs }) => atMs)).toEqual([4_990, 5_980, 6_970, 7_960]);
  });

  it('writes nothing when nobody listens any longer', () => {
    const program = createProgram();
    const ogg = createOgg(program);
    ogg.close();
    const feed = program.begin(REQUEST);
    for (let count = 0; count < 10; count += 1) feed?.frame(packet(count), count * 20);
    expect(program.pages.counters.published).toBe(0);
  });
});

/** A page of somebody else's, with one packet. */
function page(serial: number, flags: number): Uint8Array {
  const bytes = Buffer.alloc(29);
  bytes.write('OggS');
  bytes[5] = flags;
  bytes.writeUInt32LE(serial, 14);
  bytes[26] = 1;
  bytes[27] = 1;
  return bytes;
}

describe('OggCursor', () => {
  const asPage = (bytes: Uint8Array): ProgramPage => ({ bytes, atMs: 0 });
  const head = asPage(page(1, 2));
  const tags = asPage(page(1, 0));
  const whole = asPage(page(1, 0));
  const continued = asPage(page(1, 1));

  function follow(steps: readonly (readonly [ProgramPage, readonly ProgramPage[], number])[]): Uint8Array[] {
    const cursor = new OggCursor();
    const sent: Uint8Array[] = [];
    for (const [given, headers, lost] of steps)
      cursor.handlePage(given, headers, lost, (bytes) => sent.push(bytes));
    return sent;
  }

  it('passes on a stream that is heard from its beginning as it is', () => {
    expect(
      follow([
        [head, [head], 0],
        [tags, [head, tags], 0],
        [whole, [head, tags], 0],
        [continued, [head, tags], 0],
      ]),
    ).toEqual([head, tags, whole, continued].map(({ bytes }) => bytes));
  });

  it('leaves out pages that begin within a packet at the beginning, and after a loss', () => {
    expect(
      follow([
        [continued, [head, tags], 0],
        [whole, [head, tags], 0],
        [continued, [head, tags], 1],
        [continued, [head, tags], 1],
        [whole, [head, tags], 1],
        [continued, [head, tags], 1],
      ]),
    ).toEqual([head, tags, whole, whole, continued].map(({ bytes }) => bytes));
  });

  it('makes up for headers that were lost, all of them or the rest', () => {
    const nextHead = asPage(page(2, 2));
    const nextTags = asPage(page(2, 0));
    const next = asPage(page(2, 0));
    const both = [nextHead, nextTags];
    expect(
      follow([
        [whole, [head, tags], 0],
        [next, both, 2],
      ]),
    ).toEqual([head, tags, whole, nextHead, nextTags, next].map(({ bytes }) => bytes));
    expect(
      follow([
        [head, [head], 0],
        [nextHead, [nextHead], 1],
        [next, both, 2],
        [next, both, 2],
      ]),
    ).toEqual([head, nextHead, nextTags, next, next].map(({ bytes }) => bytes));
  });
});
