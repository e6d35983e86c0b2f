import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from './protobuf.ts';

describe('messages of Protocol Buffers', () => {
  it('are encoded as in the examples of its documentation', () => {
    expect(encodeMessage([[1, 150]]).toString('hex')).toBe('089601');
    expect(encodeMessage([[2, 'testing']]).toString('hex')).toBe('120774657374696e67');
  });

  it('come back as they went', () => {
    const field = fc.tuple(
      fc.integer({ min: 1, max: 100 }),
      fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array()),
    );
    fc.assert(
      fc.property(fc.uniqueArray(field, { selector: ([number]) => number }), (fields) => {
        const sent = fields.map(
          ([number, value]) => [number, typeof value === 'bigint' ? value : Buffer.from(value)] as const,
        );
        expect(decodeMessage(encodeMessage(sent))).toEqual(new Map(sent));
      }),
    );
  });

  it('skip fixed numbers, which nobody here reads', () => {
    const fixed = Buffer.from('0d01020304090102030405060708', 'hex');
    const decoded = decodeMessage(Buffer.concat([fixed, encodeMessage([[3, 7]])]));
    expect(decoded.get(3)).toBe(7n);
  });

  it.each(['08', '0880', '1205ff', '0b', `08${'ff'.repeat(11)}`])('refuse %s', (hex) => {
    expect(() => decodeMessage(Buffer.from(hex, 'hex'))).toThrow();
  });
});
