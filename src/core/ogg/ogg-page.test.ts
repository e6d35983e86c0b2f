import { describe, expect, it } from 'vitest';
import { MAX_OGG_PAGE_BYTES, OGG_CRC_AT, oggCrc, oggPageCrc } from './ogg-page.ts';

/** First page of a stream that opusenc (libogg) wrote. */
const PAGE = Uint8Array.from(
  Buffer.from(
    '4f676753000200000000000000007d008b1300000000cd59664501134f707573486561640101380180bb0000000000',
    'hex',
  ),
);

describe('an Ogg page', () => {
  it('is at most 65,307 bytes long', () => {
    expect(MAX_OGG_PAGE_BYTES).toBe(65_307);
  });

  it('has the CRC that libogg gives it', () => {
    const stored = new DataView(PAGE.buffer).getUint32(OGG_CRC_AT, true);
    expect(oggPageCrc(PAGE)).toBe(stored);
  });

  it('has a CRC that can be counted in parts', () => {
    expect(oggCrc(PAGE, 9, PAGE.length, oggCrc(PAGE, 0, 9))).toBe(oggCrc(PAGE));
    // CRC-32 with this polynomial, no reflection, zero at the beginning and the end, of the usual check text.
    expect(oggCrc(new TextEncoder().encode('123456789'))).toBe(0x89a1897f);
  });
});
