import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessUnitsOf, nalType, splitAnnexB } from './h264-nal.ts';
import { h264Payloads } from './h264-payload.ts';

/** Short by default; FUZZ_RUNS=1000000 for a long night. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 500);

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What a receiver makes of payloads (RFC 6184, sections 5.6 to 5.8). */
function unitsOf(payloads: readonly Uint8Array[]): string[] {
  const units: string[] = [];
  let pieces: Uint8Array[] = [];
  for (const payload of payloads) {
    const [first = 0, second = 0] = payload;
    if ((first & 31) === 24) {
      for (let at = 1; at < payload.length; ) {
        const length = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
        units.push(toHex(payload.subarray(at + 2, at + 2 + length)));
        at += 2 + length;
      }
    } else if ((first & 31) === 28) {
      if ((second & 0x80) !== 0) pieces = [Uint8Array.of((first & 0xe0) | (second & 31))];
      pieces.push(payload.subarray(2));
      if ((second & 0x40) !== 0) units.push(pieces.map(toHex).join(''));
    } else {
      units.push(toHex(payload));
    }
  }
  return units;
}

describe('payloads of an access unit', () => {
  it('carry a unit alone, parameter sets together, and a long one in fragments', () => {
    const units = ['6742c01e', '68ce3c80', `65${'8811223344556677'.repeat(3)}`].map(fromHex);
    expect(h264Payloads(units, 16).map(toHex)).toEqual([
      '7800046742c01e000468ce3c80',
      '7c85' + '8811223344556677881122334455',
      '7c45' + '66778811223344556677',
    ]);
  });

  it('carry a lone parameter set as it is', () => {
    expect(h264Payloads([fromHex('6742c01e'), fromHex('41e0')], 1_388).map(toHex)).toEqual([
      '6742c01e',
      '41e0',
    ]);
  });

  it.each([
    [1_388, 1],
    [1_389, 2],
  ])('carry a unit of %i bytes in %i', (length, payloads) => {
    expect(h264Payloads([new Uint8Array(length).fill(1)], 1_388).length).toBe(payloads);
  });

  it('give back every unit, none of them longer than allowed', () => {
    const unit = fc
      .tuple(
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 23 }),
        fc.uint8Array({ maxLength: 200 }),
      )
      .map(([importance, type, rest]) => Uint8Array.from([(importance << 5) | type, ...rest]));
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 8 }), fc.integer({ min: 16, max: 100 }), (units, maxBytes) => {
        const payloads = h264Payloads(units, maxBytes);
        expect(unitsOf(payloads)).toEqual(units.map(toHex));
        for (const payload of payloads) expect(payload.length).toBeLessThanOrEqual(maxBytes);
      }),
      { numRuns },
    );
  });
});

describe('an Annex-B stream', () => {
  it('is taken apart at its start codes, without the zeros around them', () => {
    const stream = fromHex(`00000001${'67aa00bb'}000001${'68cc'}0000000000000001${'6588'}0000`);
    expect(splitAnnexB(stream).map(toHex)).toEqual(['67aa00bb', '68cc', '6588']);
  });

  it('without one has no units', () => {
    expect(splitAnnexB(fromHex('6742c01e0000'))).toEqual([]);
    expect(splitAnnexB(fromHex('000001000001'))).toEqual([]);
  });

  it('of any bytes yields units without start codes', () => {
    const bytes = fc
      .array(fc.constantFrom(0, 0, 0, 1, 2), { maxLength: 60 })
      .map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(bytes, (stream) => {
        for (const unit of splitAnnexB(stream)) {
          expect(toHex(unit)).not.toMatch(/^(..)*000001/);
          expect(unit.at(-1)).not.toBe(0);
        }
      }),
      { numRuns },
    );
  });

  it('is grouped into pictures, however many slices one has', () => {
    const units = ['09f0', '6742', '68ce', '0605', '6588', '6508', '4188', '4108', '09f0', '4188'].map(
      fromHex,
    );
    const pictures = accessUnitsOf(units).map((picture) => picture.map(nalType));
    expect(pictures).toEqual([
      [9, 7, 8, 6, 5, 5],
      [1, 1],
      [9, 1],
    ]);
    expect(accessUnitsOf([])).toEqual([]);
  });
});
