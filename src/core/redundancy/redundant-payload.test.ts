import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SEALED_PLAINTEXT_BYTES } from '../seal/sealed-datagram.ts';
import vectors from '../wire/vectors.json' with { type: 'json' };
import {
  COPY_HEADER_BYTES,
  createRedundantLayout,
  MAX_COPIES,
  MAX_COPY_DISTANCE,
  parseRedundantPayload,
  REDUNDANT_FAILURES,
  writeCopyHeader,
} from './redundant-payload.ts';

/** Short by default; FUZZ_RUNS=1000000 for a long night. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 2_000);

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface Frames {
  readonly copies: { readonly distance: number; readonly payload: string }[];
  readonly primary: string;
}

function framesOf(bytes: Uint8Array, sequence: number, last: boolean): Frames | string {
  const layout = createRedundantLayout();
  const parsed = parseRedundantPayload(bytes, bytes.length, sequence, last, layout);
  if (!parsed.ok) return parsed.reason;
  const copies = layout.copies.slice(0, layout.copyCount).map(({ distance, offset, lengthBytes }) => ({
    distance,
    payload: toHex(bytes.subarray(offset, offset + lengthBytes)),
  }));
  expect(layout.primaryOffset + layout.primaryBytes).toBe(bytes.length);
  return { copies, primary: toHex(bytes.subarray(layout.primaryOffset)) };
}

function write({ copies, primary }: Frames): Uint8Array {
  const into = new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES);
  let at = 0;
  for (const [index, { distance, payload }] of copies.entries()) {
    at = writeCopyHeader(into, at, distance, payload.length / 2, index + 1 < copies.length);
  }
  for (const hex of [...copies.map(({ payload }) => payload), primary]) {
    into.set(fromHex(hex), at);
    at += hex.length / 2;
  }
  return into.slice(0, at);
}

describe('golden redundant payloads', () => {
  it.each(vectors.redundant.valid)('$name', ({ hex, sequence, last, copies, primary }) => {
    expect(framesOf(fromHex(hex), sequence, last)).toEqual({ copies, primary });
    expect(toHex(write({ copies, primary }))).toBe(hex);
  });

  it.each(vectors.redundant.invalid)('$reason: $name', ({ hex, sequence, last, reason }) => {
    expect(framesOf(fromHex(hex), sequence, last)).toBe(reason);
  });

  it('hold an example of every reason', () => {
    const reasons = new Set(vectors.redundant.invalid.map(({ reason }) => reason));
    expect([...reasons].sort()).toEqual([...REDUNDANT_FAILURES].sort());
  });
});

describe('parseRedundantPayload', () => {
  it('finds every frame within the payload, or says why not', () => {
    const golden = vectors.redundant.valid.map(({ hex }) => hex);
    const mutated = fc
      .record({
        hex: fc.constantFrom(...golden),
        changes: fc.array(fc.tuple(fc.nat(8), fc.nat(255)), { maxLength: 3 }),
        length: fc.option(fc.nat(20)),
      })
      .map(({ hex, changes, length }) => {
        const bytes = fromHex(hex).slice(0, length ?? undefined);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes;
      });
    const noise = fc.uint8Array({ maxLength: MAX_SEALED_PLAINTEXT_BYTES, size: 'max' });
    const payload = fc.oneof(noise, mutated);
    fc.assert(
      fc.property(payload, fc.nat(40), fc.boolean(), (bytes, sequence, last) => {
        const frames = framesOf(bytes, sequence, last);
        if (typeof frames === 'string') {
          expect(REDUNDANT_FAILURES).toContain(frames);
          return;
        }
        const distances = frames.copies.map(({ distance }) => distance);
        expect(distances.length).toBeGreaterThanOrEqual(1);
        expect(distances.length).toBeLessThanOrEqual(MAX_COPIES);
        expect(distances).toEqual([...new Set(distances)].sort((a, b) => b - a));
        for (const distance of distances) expect(distance).toBeLessThanOrEqual(Math.min(15, sequence));
        for (const { payload: copy } of frames.copies) expect(copy).not.toBe('');
        expect(frames.primary !== '' || last).toBe(true);
        // There is one spelling only.
        expect(toHex(write(frames))).toBe(toHex(bytes));
      }),
      { numRuns },
    );
  });

  it('reads back what was written, at the limits too', () => {
    const room = MAX_SEALED_PLAINTEXT_BYTES - MAX_COPIES * COPY_HEADER_BYTES;
    const longest = room - 2;
    const hexOf = (length: number): string => 'ab'.repeat(length);
    for (const frames of [
      {
        copies: [
          { distance: 2, payload: hexOf(longest) },
          { distance: 1, payload: 'f8' },
        ],
        primary: 'f8',
      },
      { copies: [{ distance: MAX_COPY_DISTANCE, payload: 'f8' }], primary: hexOf(longest) },
    ]) {
      expect(framesOf(write(frames), MAX_COPY_DISTANCE, false)).toEqual(frames);
    }
  });

  it('writes no header that does not fit its fields', () => {
    const into = new Uint8Array(2);
    for (const [distance, length] of [
      [0, 1],
      [MAX_COPY_DISTANCE + 1, 1],
      [1, 0],
      [1, MAX_SEALED_PLAINTEXT_BYTES + 1],
    ] as const) {
      expect(() => writeCopyHeader(into, 0, distance, length, false)).toThrow('broken invariant');
    }
  });
});
