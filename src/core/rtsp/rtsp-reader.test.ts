import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_MESSAGE_BYTES, type RtspItem, RtspReader } from './rtsp-reader.ts';
import { MAX_ADDRESS_LENGTH, MAX_HEADERS } from './rtsp-request.ts';
import { TRANSCRIPTS } from './transcripts.ts';

/** Short by default; FUZZ_RUNS=1000000 for a long night. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 500);

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

function drain(reader: RtspReader): RtspItem[] {
  const items: RtspItem[] = [];
  for (let item = reader.next(); item !== null; item = reader.next()) {
    items.push(item.kind === 'packet' ? { ...item, packet: item.packet.slice() } : item);
  }
  return items;
}

function read(bytes: Uint8Array, cuts: readonly number[] = []): RtspItem[] {
  const reader = new RtspReader();
  const items: RtspItem[] = [];
  let from = 0;
  for (const cut of [
    ...cuts.map((at) => at % (bytes.length + 1)).sort((one, other) => one - other),
    bytes.length,
  ]) {
    reader.push(bytes.subarray(from, cut));
    items.push(...drain(reader));
    from = cut;
  }
  return items;
}

function requestsIn(text: string): string[] {
  return read(bytesOf(text)).map((item) => {
    if (item.kind === 'request') return `${item.head.method} ${item.head.address} ${item.bodyBytes}`;
    return item.kind === 'malformed' ? item.reason : item.kind;
  });
}

const cuts = fc.array(fc.nat(), { maxLength: 30 });

describe('what players really send', () => {
  it.each(TRANSCRIPTS.map((transcript) => [transcript.name, transcript] as const))(
    '%s',
    (_, { bytes, requests }) => {
      const whole = read(bytes);
      expect(whole.filter(({ kind }) => kind === 'request').length).toBe(requests);
      expect(whole.filter(({ kind }) => kind === 'malformed' || kind === 'response')).toEqual([]);
      fc.assert(
        fc.property(cuts, (at) => {
          expect(read(bytes, at)).toEqual(whole);
        }),
        { numRuns: 50 },
      );
    },
  );
});

describe('a message', () => {
  it('may end its lines with LF alone, fold a header, and write names as it likes', () => {
    const [item] = read(
      bytesOf('\r\n\nPLAY rtsp://h/m RTSP/1.0\ncSEQ:7\nRange : npt=0-\n\t ;time=1\nX:\n\n'),
    );
    expect(item?.kind === 'request' && [...item.head.headers]).toEqual([
      ['cseq', '7'],
      ['range', 'npt=0- ;time=1'],
      ['x', ''],
    ]);
  });

  it('is followed by the next, with bodies and packets between them', () => {
    const text =
      'A * RTSP/1.0\r\nContent-Length: 3\r\n\r\nxyz$\x01\x00\x02hiB * RTSP/1.0\r\n\r\nRTSP/1.0 200 OK\r\n\r\nC * HTTP/1.1\n\n';
    expect(requestsIn(text)).toEqual(['A * 3', 'packet', 'B * 0', 'response', 'C * 0']);
  });

  it.each([
    ['requestLine', 'PLAY\r\n\r\n'],
    ['requestLine', 'PL AY rtsp://h RTSP/1.0\r\n\r\n'],
    ['requestLine', 'PLAY rtsp://h\u0000 RTSP/1.0\r\n\r\n'],
    ['requestLine', '\u0001 rtsp://h RTSP/1.0\r\n\r\n'],
    ['requestLine', `${'M'.repeat(33)} * RTSP/1.0\r\n\r\n`],
    ['headerLine', 'PLAY * RTSP/1.0\r\nnothing\r\n\r\n'],
    ['headerLine', 'PLAY * RTSP/1.0\r\n folded\r\n\r\n'],
    ['headerLine', 'PLAY * RTSP/1.0\r\nX: one\rY: two\r\n\r\n'],
    ['contentLength', 'PLAY * RTSP/1.0\r\nContent-Length: -1\r\n\r\n'],
    ['contentLength', 'PLAY * RTSP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['contentLength', 'PLAY * RTSP/1.0\r\nContent-Length: 99999999999\r\n\r\n'],
    ['messageTooLarge', `PLAY * RTSP/1.0\r\nContent-Length: ${MAX_MESSAGE_BYTES}\r\n\r\n`],
  ])('is refused: %s', (reason, text) => {
    expect(requestsIn(`${text}OPTIONS * RTSP/1.0\r\n\r\n`)).toEqual([reason]);
  });

  it('has so many headers and such an address, and no more', () => {
    const many = (count: number): string => `A * RTSP/1.0\r\n${'X: 1\r\n'.repeat(count)}\r\n`;
    expect(requestsIn(many(MAX_HEADERS))).toEqual(['A * 0']);
    expect(requestsIn(many(MAX_HEADERS + 1))).toEqual(['tooManyHeaders']);
    const long = (length: number): string[] => requestsIn(`A ${'x'.repeat(length)} RTSP/1.0\r\n\r\n`);
    expect(long(MAX_ADDRESS_LENGTH)).toEqual([`A ${'x'.repeat(MAX_ADDRESS_LENGTH)} 0`]);
    expect(long(MAX_ADDRESS_LENGTH + 1)).toEqual(['addressTooLong']);
  });

  it('has 64 KiB and no more, head and body', () => {
    const head = (length: number): string => `A * RTSP/1.0\r\nContent-Length: ${length}\r\n\r\n`;
    const body = MAX_MESSAGE_BYTES - head(65_000).length;
    expect(requestsIn(head(body) + 'x'.repeat(body))).toEqual([`A * ${body}`]);
    expect(requestsIn(head(body + 1))).toEqual(['messageTooLarge']);
    expect(requestsIn('x'.repeat(MAX_MESSAGE_BYTES))).toEqual([]);
    expect(requestsIn('x'.repeat(MAX_MESSAGE_BYTES + 1))).toEqual(['messageTooLarge']);
  });

  it('may have a whole message of blanks in a header, which costs no more than others', () => {
    const blanks = ' '.repeat(60_000);
    const reader = new RtspReader();
    // With a pattern that tries each run of blanks from each of its places, these take minutes.
    for (let sent = 0; sent < 100; sent += 1) {
      reader.push(bytesOf(`A * RTSP/1.0\r\nX: a${blanks}b\r\nY:\t c \t\r\n\r\n`));
      const item = reader.next();
      if (item?.kind !== 'request') throw new Error('it was not read');
      expect(item.head.headers.get('x')?.length).toBe(blanks.length + 2);
      expect(item.head.headers.get('y')).toBe('c');
    }
  });

  it('is whole with the last byte of its body, however it comes', () => {
    const reader = new RtspReader();
    reader.push(bytesOf('A * RTSP/1.0\r\nContent-Length: 3\r\n\r\nx'));
    expect([reader.next(), reader.heldBytes]).toEqual([null, 36]);
    reader.push(bytesOf('y'));
    expect(reader.next()).toBe(null);
    reader.push(bytesOf('zB * RTSP/1.0\r\n\r\n'));
    expect(drain(reader).map((item) => item.kind === 'request' && item.head.method)).toEqual(['A', 'B']);
  });

  it('is held alone: what was read takes no room', () => {
    const reader = new RtspReader();
    const request = bytesOf('A * RTSP/1.0\r\n\r\n');
    for (let sent = 0; sent < 10_000; sent += 1) {
      reader.push(request);
      expect(reader.next()?.kind).toBe('request');
      expect(reader.heldBytes).toBe(0);
    }
    reader.push(request.subarray(0, 5));
    expect([reader.next(), reader.heldBytes]).toEqual([null, 5]);
  });
});

describe('hostile bytes', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '\r\n',
      '\n',
      '\r',
      ':',
      ' ',
      '$',
      'RTSP/1.0',
      'Content-Length: ',
      'CSeq: 1',
      '\r\n\r\n',
      '\t',
    ),
    fc.string({ maxLength: 12 }),
  );
  const made = fc.array(piece, { maxLength: 40 }).map((pieces) => bytesOf(pieces.join('')));
  const mutated = fc
    .tuple(
      fc.constantFrom(...TRANSCRIPTS),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 12 }),
    )
    .map(([{ bytes }, changes]) => {
      const copy = bytes.slice();
      for (const [at, byte] of changes) copy[at % copy.length] = byte;
      return copy;
    });

  it('are read the same however they are cut, and hold no more than a message', () => {
    fc.assert(
      fc.property(fc.oneof(made, mutated), cuts, (bytes, at) => {
        const whole = read(bytes);
        expect(read(bytes, at)).toEqual(whole);
        const reader = new RtspReader();
        reader.push(bytes);
        drain(reader);
        expect(reader.heldBytes).toBeLessThanOrEqual(MAX_MESSAGE_BYTES + 4);
      }),
      { numRuns },
    );
  });
});
