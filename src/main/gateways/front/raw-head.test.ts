import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_HEAD_BYTES, readRawHead } from './raw-head.ts';

function read(text: string) {
  return readRawHead(Buffer.from(text, 'latin1'));
}

describe('readRawHead', () => {
  it('takes the PUT of ffmpeg, which has neither length nor chunks', () => {
    const text =
      'PUT /music HTTP/1.1\r\nExpect: 100-continue\r\nAuthorization: Basic c291cmNlOng=\r\n\r\nOggS';
    const result = read(text);
    if (result.kind !== 'raw') throw new Error(result.kind);
    expect(result.head.method).toBe('PUT');
    expect(result.head.target).toBe('/music');
    expect(result.head.headers.get('expect')).toBe('100-continue');
    expect(text.slice(result.lengthBytes)).toBe('OggS');
  });

  it('takes SOURCE in every dialect', () => {
    for (const version of ['HTTP/1.0', 'HTTP/1.1', 'ICE/1.0'])
      expect(read(`SOURCE /m ${version}\r\nice-name: x\r\n\r\n`).kind).toBe('raw');
    expect(read('SOURCE /m ICE/1.0\nice-name: x\n\n').kind).toBe('raw');
  });

  it('leaves to HTTP what HTTP understands', () => {
    expect(read('GET / HTTP/1.1\r\n').kind).toBe('http');
    expect(read('PUT /x HTTP/1.1\r\nContent-Length: 3\r\n\r\n').kind).toBe('http');
    expect(read('PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n').kind).toBe('http');
    expect(read('POST /whip/x HTTP/1.1\r\n\r\n').kind).toBe('http');
    expect(read('PUT nonsense\r\n\r\n').kind).toBe('http');
  });

  it('waits for the rest of a head, up to the limit', () => {
    expect(read('P').kind).toBe('incomplete');
    expect(read('SOURCE /x').kind).toBe('incomplete');
    expect(read('PUT /x HTTP/1.1\r\nA: b\r\n').kind).toBe('incomplete');
    const long = `PUT /x HTTP/1.1\r\nA: ${'b'.repeat(MAX_HEAD_BYTES)}`;
    expect(read(long.slice(0, MAX_HEAD_BYTES - 1)).kind).toBe('incomplete');
    expect(read(long.slice(0, MAX_HEAD_BYTES)).kind).toBe('http');
  });

  it('bears any bytes, and decides the same however they arrive', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('PUT ', 'SOURCE ', 'GET ', ''),
        fc.uint8Array({ maxLength: 200 }),
        (method, bytes) => {
          const whole = Buffer.concat([Buffer.from(method), bytes, Buffer.from('\r\n\r\n')]);
          const final = readRawHead(whole);
          for (let length = 1; length < whole.length; length += 1) {
            const early = readRawHead(whole.subarray(0, length));
            if (early.kind === 'incomplete') continue;
            // Decided early: nothing that follows changes it.
            expect(early.kind).toBe(final.kind);
            break;
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
