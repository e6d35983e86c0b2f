import { createCipheriv, createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import {
  createHeader,
  decodeHeader,
  encodeHeader,
  FLAG_LAST,
  FLAG_REDUNDANT,
  FLAG_SEALED,
  FLAG_WHISPER,
  HEADER_BYTES,
  MAX_DATAGRAM_BYTES,
  MAX_SEQUENCE,
} from '../wire/datagram.ts';
import { type AeadKey, NONCE_BYTES, type SealingKey, TAG_BYTES } from './aead-key.ts';
import {
  MAX_SEALED_PLAINTEXT_BYTES,
  openDatagram,
  SEALED_OVERHEAD_BYTES,
  sealDatagram,
} from './sealed-datagram.ts';
import vectors from './vectors.json' with { type: 'json' };

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function aesGcm(key: Uint8Array): AeadKey {
  return {
    seal(nonce, associatedData, plaintext, into, at) {
      const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(associatedData);
      const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      into.set(sealed, at);
      return sealed.length;
    },
    open(nonce, associatedData, sealed, into) {
      const decipher = createDecipheriv('aes-128-gcm', key, nonce).setAAD(associatedData);
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
      try {
        decipher.final();
      } catch {
        return -1;
      }
      into.set(plaintext);
      return plaintext.length;
    },
  };
}

const sealing: SealingKey = {
  keyId: 9,
  key: aesGcm(new Uint8Array(16).fill(3)),
  salt: new Uint8Array(NONCE_BYTES).fill(0xa5),
};

interface Fields {
  readonly token: number;
  readonly flags: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly target: number;
}

function seal(fields: Fields, plaintext: Uint8Array, key: SealingKey): Uint8Array {
  const header = {
    ...fields,
    token: fields.token as SessionToken,
    sequence: fields.sequence as SeqNo,
    payloadOffset: 0,
  };
  const datagram = new Uint8Array(MAX_DATAGRAM_BYTES);
  const payloadOffset = encodeHeader(header, datagram);
  return datagram.slice(0, sealDatagram(datagram, payloadOffset, fields.sequence, plaintext, key));
}

function open(bytes: Uint8Array, key: SealingKey): string {
  const header = createHeader();
  const decoded = decodeHeader(bytes, bytes.length, header);
  if (!decoded.ok) return decoded.reason;
  const into = new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES);
  const opened = openDatagram(bytes, bytes.length, header.payloadOffset, header.sequence, key, into);
  return opened.ok ? `opened ${toHex(into.subarray(0, opened.lengthBytes))}` : opened.reason;
}

/**
 * The vectors were made by a script outside of this repository, from the description of the format alone: AESGCM of Python's
 * `cryptography` 48.0 (OpenSSL 3), nonce and associated data put together with `struct`. `nonce` is in them so that
 * another implementation sees where it went wrong.
 */
describe('golden sealed datagrams', () => {
  it.each(vectors.sealed)('$name', (vector) => {
    const key = { keyId: vector.keyId, key: aesGcm(fromHex(vector.key)), salt: fromHex(vector.salt) };
    expect(toHex(seal(vector, fromHex(vector.plaintext), key))).toBe(vector.hex);
    expect(open(fromHex(vector.hex), key)).toBe(`opened ${vector.plaintext}`);
  });

  it('hold whispers, empty plaintexts and the largest sequence', () => {
    const { sealed } = vectors;
    expect(sealed.some((vector) => (vector.flags & FLAG_WHISPER) !== 0)).toBe(true);
    expect(sealed.some((vector) => vector.plaintext === '')).toBe(true);
    expect(sealed.some((vector) => vector.sequence === MAX_SEQUENCE)).toBe(true);
  });
});

describe('sealed datagram', () => {
  const fields: Fields = { token: 77, flags: FLAG_SEALED, sequence: 300, timestamp: 960, target: 0 };
  const whisper: Fields = { ...fields, flags: FLAG_SEALED | FLAG_WHISPER, target: 5 };
  const plaintext = Uint8Array.from({ length: 24 }, (_, at) => at);

  it.each([
    ['voice', fields],
    ['a whisper', whisper],
  ])('does not open once any bit of %s has changed', (_name, given) => {
    const bytes = seal(given, plaintext, sealing);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(open(changed, sealing)).not.toMatch('opened');
    }
    expect(open(bytes, sealing)).toBe(`opened ${toHex(plaintext)}`);
  });

  it('does not open at any other length', () => {
    const bytes = seal(fields, plaintext, sealing);
    for (let length = 0; length < bytes.length; length += 1)
      expect(open(bytes.subarray(0, length), sealing)).not.toMatch('opened');
    expect(open(Uint8Array.of(...bytes, 0), sealing)).toBe('forged');
    expect(open(bytes.subarray(0, HEADER_BYTES + SEALED_OVERHEAD_BYTES), sealing)).toBe('forged');
    expect(open(bytes.subarray(0, HEADER_BYTES + SEALED_OVERHEAD_BYTES - 1), sealing)).toBe('tooShort');
  });

  it('does not open under another key, salt or key id', () => {
    const bytes = seal(fields, plaintext, sealing);
    expect(open(bytes, { ...sealing, key: aesGcm(new Uint8Array(16)) })).toBe('forged');
    expect(open(bytes, { ...sealing, salt: new Uint8Array(NONCE_BYTES) })).toBe('forged');
    expect(open(bytes, { ...sealing, keyId: 10 })).toBe('otherKey');
  });

  it('holds up to MAX_SEALED_PLAINTEXT_BYTES', () => {
    const longest = new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES).fill(1);
    expect(seal(fields, longest, sealing).length).toBe(MAX_DATAGRAM_BYTES);
    expect(open(seal(fields, longest, sealing), sealing)).toBe(`opened ${toHex(longest)}`);
    expect(() => seal(fields, new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES + 1), sealing)).toThrow('buffer');
    expect(() => seal(whisper, longest, sealing)).toThrow('buffer');
  });

  it('gives back what was sealed, and nothing of it stands in the open', () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    const any = fc.record({
      token: u32,
      flags: fc.constantFrom(0, FLAG_WHISPER, FLAG_LAST, FLAG_REDUNDANT).map((flag) => flag | FLAG_SEALED),
      sequence: fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, MAX_SEQUENCE)),
      timestamp: u32,
      target: u32,
    });
    fc.assert(
      fc.property(any, fc.uint8Array({ minLength: 8, maxLength: 300 }), (given, secret) => {
        const bytes = seal(given, secret, sealing);
        expect(open(bytes, sealing)).toBe(`opened ${toHex(secret)}`);
        const payload = bytes.subarray((given.flags & FLAG_WHISPER) === 0 ? 17 : 21);
        expect(toHex(payload)).not.toContain(toHex(secret));
      }),
    );
  });

  it('refuses to seal what would be no datagram', () => {
    const into = new Uint8Array(MAX_DATAGRAM_BYTES);
    expect(() => sealDatagram(into, HEADER_BYTES + 1, 1, plaintext, sealing)).toThrow('header');
    expect(() => sealDatagram(into, HEADER_BYTES, 2 ** 53, plaintext, sealing)).toThrow('sequence');
    expect(() => sealDatagram(into, HEADER_BYTES, 1, plaintext, { ...sealing, keyId: 256 })).toThrow('byte');
    expect(() =>
      sealDatagram(into, HEADER_BYTES, 1, plaintext, { ...sealing, salt: new Uint8Array(11) }),
    ).toThrow('salt');
  });
});
