import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientMessageSchema, relayMessageSchema } from './control.ts';
import { createHeader, decodeHeader, MAX_DATAGRAM_BYTES } from './datagram.ts';
import { formatInvite, parseJoinTarget } from './invite.ts';
import { createProbe, decodeProbe, PROBE_DATAGRAM_BYTES, PROBE_MAC_BYTES, verifyProbe } from './probe.ts';
import vectors from './vectors.json' with { type: 'json' };

/** Short by default; FUZZ_RUNS=1000000 for a long night. A crash found becomes a vector or a case beside its parser. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 2_000);

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** Golden bytes with some changed, cut off or appended: gets further into a decoder than noise does. */
const mutated = (hexes: string[]): fc.Arbitrary<Uint8Array> =>
  fc
    .record({
      hex: fc.constantFrom(...hexes),
      changes: fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 4 }),
      length: fc.option(fc.nat(60)),
    })
    .map(({ hex, changes, length }) => {
      const bytes = fromHex(hex);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      if (length === null) return bytes;
      const resized = new Uint8Array(length);
      resized.set(bytes.subarray(0, length));
      return resized;
    });

const noise = fc.uint8Array({ maxLength: MAX_DATAGRAM_BYTES + 10, size: 'max' });

describe('fuzz', () => {
  it('a datagram header is decoded within its bounds or refused, and left alone when refused', () => {
    const reasons = new Set(vectors.datagrams.invalid.map((vector) => vector.reason));
    const hexes = vectors.datagrams.valid.map((vector) => vector.hex);
    fc.assert(
      fc.property(fc.oneof(noise, mutated(hexes)), (bytes) => {
        const header = createHeader();
        const result = decodeHeader(bytes, bytes.length, header);
        if (result.ok) {
          expect(header.payloadOffset).toBeLessThanOrEqual(bytes.length);
          expect(Number.isSafeInteger(header.sequence)).toBe(true);
        } else {
          expect(reasons).toContain(result.reason);
          expect(header).toEqual(createHeader());
        }
      }),
      { numRuns },
    );
  });

  it('a probe is decoded or refused, and never verifies without the key', () => {
    const reasons = new Set(vectors.probes.invalid.map((vector) => vector.reason));
    const hexes = vectors.probes.valid.map((vector) => vector.hex);
    const ownKey = new Uint8Array(32).fill(99);
    const exact = fc.uint8Array({ minLength: PROBE_DATAGRAM_BYTES, maxLength: PROBE_DATAGRAM_BYTES });
    fc.assert(
      fc.property(fc.oneof(noise, exact, mutated(hexes)), (bytes) => {
        const probe = createProbe();
        const result = decodeProbe(bytes, bytes.length, probe);
        if (result.ok) {
          expect(Number.isSafeInteger(probe.clockMicroseconds)).toBe(true);
          const cookieOffset = PROBE_DATAGRAM_BYTES - PROBE_MAC_BYTES - probe.cookie.length;
          expect(probe.cookie).toEqual(bytes.slice(cookieOffset, -PROBE_MAC_BYTES));
        } else {
          expect(reasons).toContain(result.reason);
          expect(probe).toEqual(createProbe());
        }
        const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array =>
          createHmac('sha256', key).update(data).digest();
        expect(verifyProbe(bytes, bytes.length, ownKey, hmac)).toBe(false);
      }),
      { numRuns },
    );
  });

  it('a join target is read or refused with a sentence; what was read can be written and read again', () => {
    const parts = fc.constantFrom(
      ...[
        'sidetone://',
        'https://',
        'relay',
        '.',
        ':',
        '::1',
        '[',
        ']',
        '%',
        '/',
        '?',
        '#',
        '&',
        '=',
        '@',
        ' ',
      ],
      ...[
        '48480',
        '0',
        '99999',
        'cert=',
        'room=',
        'A'.repeat(43),
        '%E2%98%95',
        '%FF',
        '\u202e',
        '\ud800',
        '1.2.3.4',
      ],
    );
    const glued = fc.array(parts, { maxLength: 12 }).map((list) => list.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), glued), (text) => {
        const result = parseJoinTarget(text);
        if (result.ok) expect(parseJoinTarget(formatInvite(result.target))).toEqual(result);
        else expect(result.sentence).toMatch(/\.$/);
      }),
      { numRuns },
    );
  });

  it('the schemas of the control lane never throw', () => {
    const types = fc.constantFrom(
      'hello',
      'join',
      'leave',
      'state',
      'ping',
      'bye',
      'welcome',
      'memberJoined',
      'refused',
    );
    const shaped = fc
      .tuple(
        types,
        fc.dictionary(
          fc.constantFrom('protocol', 'nickname', 'channel', 'id', 'token', 'members'),
          fc.jsonValue(),
        ),
      )
      .map(([type, fields]) => ({ ...fields, type }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), shaped), (value) => {
        for (const schema of [clientMessageSchema, relayMessageSchema]) {
          const result = schema.safeParse(value);
          if (result.success) expect(schema.safeParse(result.data).success).toBe(true);
        }
      }),
      { numRuns: Math.ceil(numRuns / 4) },
    );
  });
});
