import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import {
  createHeader,
  type DatagramHeader,
  decodeHeader,
  encodeHeader,
  FLAG_CONTROL,
  FLAG_LAST,
  FLAG_REDUNDANT,
  FLAG_SEALED,
  FLAG_WHISPER,
  HEADER_BYTES,
  KNOWN_FLAGS,
  MAX_DATAGRAM_BYTES,
  MAX_SEQUENCE,
  WHISPER_TARGET_BYTES,
} from './datagram.ts';
import vectors from './vectors.json' with { type: 'json' };

function fromHex(hex: string, padToBytes = 0): Uint8Array {
  const bytes = new Uint8Array(Math.max(hex.length / 2, padToBytes));
  for (let i = 0; i < hex.length / 2; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function headerOf(
  fields: Omit<DatagramHeader, 'payloadOffset' | 'token' | 'sequence'> & { token: number; sequence: number },
): DatagramHeader {
  return {
    ...fields,
    token: fields.token as SessionToken,
    sequence: fields.sequence as SeqNo,
    payloadOffset: 0,
  };
}

describe('golden datagrams', () => {
  it.each(vectors.datagrams.valid)('$name', ({ hex, payload, token, flags, sequence, timestamp, target }) => {
    const bytes = fromHex(hex);
    const header = createHeader();
    expect(decodeHeader(bytes, bytes.length, header)).toEqual({ ok: true });
    expect(header).toMatchObject({ token, flags, sequence, timestamp, target });
    expect(toHex(bytes.subarray(header.payloadOffset))).toBe(payload);

    const encoded = new Uint8Array(bytes.length);
    const offset = encodeHeader(headerOf({ token, flags, sequence, timestamp, target }), encoded);
    expect(offset).toBe(header.payloadOffset);
    encoded.set(fromHex(payload), offset);
    expect(toHex(encoded)).toBe(hex);
  });

  it.each(vectors.datagrams.invalid)('$reason: $name', (vector) => {
    const bytes = fromHex(vector.hex, vector.padToBytes);
    const header = createHeader();
    expect(decodeHeader(bytes, bytes.length, header)).toEqual({ ok: false, reason: vector.reason });
    expect(header).toEqual(createHeader());
  });

  it('hold an example of every flag and of every reason', () => {
    const flags = vectors.datagrams.valid.reduce((union, vector) => union | vector.flags, 0);
    expect(flags).toBe(FLAG_WHISPER | FLAG_CONTROL | FLAG_REDUNDANT | FLAG_SEALED | FLAG_LAST);
    const reasons = new Set(vectors.datagrams.invalid.map((vector) => vector.reason));
    expect([...reasons].sort()).toEqual(
      [
        'controlFlags',
        'empty',
        'noPayload',
        'reservedFlags',
        'sequenceTooLarge',
        'tooLong',
        'tooShort',
      ].sort(),
    );
  });
});

describe('datagram header', () => {
  it('takes datagrams up to MAX_DATAGRAM_BYTES', () => {
    const bytes = new Uint8Array(MAX_DATAGRAM_BYTES + 1);
    const results = [-1, 0, 1].map(
      (more) => decodeHeader(bytes, MAX_DATAGRAM_BYTES + more, createHeader()).ok,
    );
    expect(results).toEqual([true, true, false]);
  });

  it('reads only what was received, not the rest of the buffer', () => {
    const buffer = new Uint8Array(64).fill(0);
    expect(decodeHeader(buffer, 0, createHeader())).toEqual({ ok: false, reason: 'empty' });
    expect(decodeHeader(buffer, HEADER_BYTES, createHeader())).toEqual({ ok: false, reason: 'noPayload' });
    expect(decodeHeader(buffer, HEADER_BYTES + 1, createHeader())).toEqual({ ok: true });
    expect(() => decodeHeader(buffer, 65, createHeader())).toThrow('buffer');
  });

  it('gives back what was encoded', () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    const anyFlags = fc.integer({ min: 0, max: 31 }).map((bits) => (bits << 3) & KNOWN_FLAGS);
    const flagged = anyFlags.filter((flags) => (flags & FLAG_CONTROL) === 0 || flags === FLAG_CONTROL);
    const fields = fc.record({
      token: u32,
      flags: flagged,
      sequence: fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, MAX_SEQUENCE)),
      timestamp: u32,
      target: u32,
    });
    fc.assert(
      fc.property(fields, (given) => {
        const bytes = new Uint8Array(HEADER_BYTES + WHISPER_TARGET_BYTES + 1);
        const offset = encodeHeader(headerOf(given), bytes);
        const header = createHeader();
        expect(decodeHeader(bytes, offset + 1, header)).toEqual({ ok: true });
        const whisper = (given.flags & FLAG_WHISPER) !== 0;
        expect(header).toEqual({ ...given, target: whisper ? given.target : 0, payloadOffset: offset });
      }),
    );
  });

  it('refuses to send what no peer would take', () => {
    const into = new Uint8Array(20);
    const good = headerOf({ token: 1, flags: 0, sequence: 1, timestamp: 1, target: 0 });
    expect(encodeHeader(good, into)).toBe(HEADER_BYTES);
    const bad: Partial<DatagramHeader>[] = [
      { token: -1 as SessionToken },
      { token: (2 ** 32) as SessionToken },
      { flags: 1 },
      { flags: FLAG_CONTROL | FLAG_LAST },
      { sequence: (MAX_SEQUENCE + 1) as SeqNo },
      { sequence: -1 as SeqNo },
      { sequence: 0.5 as SeqNo },
      { timestamp: 2 ** 32 },
      { target: Number.NaN },
    ];
    for (const change of bad) expect(() => encodeHeader({ ...good, ...change }, into)).toThrow('invariant');
    expect(() => encodeHeader({ ...good, flags: FLAG_WHISPER }, new Uint8Array(19))).toThrow('buffer');
  });
});
