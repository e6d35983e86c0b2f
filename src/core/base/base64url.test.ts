import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { base64UrlToBytes, bytesToBase64Url } from './base64url.ts';

describe('base64url', () => {
  test('agrees with an independent implementation', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(bytesToBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
      }),
    );
  });

  test('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(base64UrlToBytes(bytesToBase64Url(bytes))).toEqual(bytes);
      }),
    );
  });

  test('whatever it accepts is the only spelling', () => {
    const text = fc.oneof(fc.string({ maxLength: 12 }), fc.stringMatching(/^[\w=-]{0,12}$/));
    fc.assert(
      fc.property(text, (spelling) => {
        const bytes = base64UrlToBytes(spelling);
        if (bytes !== null) expect(bytesToBase64Url(bytes)).toBe(spelling);
      }),
    );
  });

  test.each(['A', 'AB', 'AA==', 'AA+A', 'AA/A', 'AA A', 'AA\u0100A', 'AAB'])('refuses %j', (text) => {
    expect(base64UrlToBytes(text)).toBeNull();
  });
});
