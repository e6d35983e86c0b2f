import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseDelivery, DELIVERIES, helloSentence, MAX_HELLO_BYTES, readHello } from './hello.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 1_000);

describe('hello', () => {
  test('is read as clients of others send it', () => {
    const text = JSON.stringify({
      type: 'hello',
      clientType: 'web',
      supports: ['webcodecs', 'ogg-http', 'opus-raw'],
      preferred: 'opus-raw',
      ptt: true,
      bitrate: 32_000,
      channels: 1,
      userAgent: { brand: 'somebody else' },
    });
    const hello = { streamer: false, delivery: 'opus-raw', ptt: true, secret: null };
    expect(readHello(text)).toEqual({ ok: true, hello });
  });

  test('needs nothing but its type', () => {
    const hello = { streamer: false, delivery: 'opus-raw', ptt: false, secret: null };
    expect(readHello('{"type":"hello"}')).toEqual({ ok: true, hello });
    expect(readHello('{"type":"hello","supports":null,"ptt":null,"key":null}')).toEqual({ ok: true, hello });
  });

  test.each([
    ['', 'helloNotJson'],
    ['{"type":"hello"', 'helloNotJson'],
    ['[]', 'helloMalformed'],
    ['null', 'helloMalformed'],
    ['{"type":"hallo"}', 'helloMalformed'],
    ['{"type":"hello","supports":"webcodecs"}', 'helloMalformed'],
    [`{"type":"hello","supports":[${Array(17).fill('"a"').join()}]}`, 'helloMalformed'],
    [`{"type":"hello","key":"${'k'.repeat(257)}"}`, 'helloMalformed'],
    ['{"type":"hello","channels":3}', 'helloMalformed'],
    [' '.repeat(MAX_HELLO_BYTES + 1), 'helloTooLong'],
  ])('%j is refused as %s', (text, reason) => {
    expect(readHello(text)).toEqual({ ok: false, reason });
  });

  test.each([
    [MAX_HELLO_BYTES - 1, true],
    [MAX_HELLO_BYTES, true],
    [MAX_HELLO_BYTES + 1, false],
  ])('of %i characters is taken: %s', (length, ok) => {
    expect(readHello('{"type":"hello"}'.padEnd(length)).ok).toBe(ok);
  });

  test('whatever comes is read or refused, with a sentence', () => {
    const near = fc.record(
      {
        type: fc.constantFrom('hello', 'hello', 'other'),
        supports: fc.oneof(fc.array(fc.constantFrom(...DELIVERIES, 'x')), fc.jsonValue()),
        preferred: fc.oneof(fc.constantFrom(...DELIVERIES), fc.jsonValue()),
        ptt: fc.oneof(fc.boolean(), fc.jsonValue()),
        key: fc.oneof(fc.string(), fc.jsonValue()),
      },
      { requiredKeys: ['type'] },
    );
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      near.map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const read = readHello(text);
        if (read.ok) expect([...DELIVERIES, null]).toContain(read.hello.delivery);
        else expect(helloSentence(read.reason)).toMatch(/\.$/);
      }),
      { numRuns },
    );
  });
});

describe('the way a client gets the program', () => {
  test.each([
    [['webcodecs', 'ogg-http', 'opus-raw'], 'ogg-http', 'ogg-http'],
    [['webcodecs', 'ogg-http', 'opus-raw'], null, 'webcodecs'],
    [['ogg-http', 'opus-raw'], 'webcodecs', 'opus-raw'],
    [['ogg-http'], 'mp3', 'ogg-http'],
    [['mp3'], 'mp3', null],
    [[], 'opus-raw', null],
    [null, null, 'opus-raw'],
    [null, 'ogg-http', 'opus-raw'],
  ])('supports %j, prefers %s: %s', (supports, preferred, delivery) => {
    expect(chooseDelivery(supports, preferred)).toBe(delivery);
  });
});
