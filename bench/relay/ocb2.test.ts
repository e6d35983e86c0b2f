import { describe, expect, it } from 'vitest';
import { openOcb2, sealOcb2 } from './ocb2.ts';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

/** Counting bytes under a key and a nonce of counting bytes: the vectors published with the mode. */
const vectors: readonly (readonly [lengthBytes: number, sealed: string, tag: string])[] = [
  [0, '', 'bf3108130773ad5ec70ec69e7875a7b0'],
  [8, 'c636b3a868f429bb', 'a45f5fdea5c088d1d7c8be37cabc8c5c'],
  [16, '52e48f5d19fe2d9869f0c4a4b3d2be57', 'f7ee49ae7aa5b5e6645db6b3966136f9'],
  [
    40,
    'f75d6bc8b4dc8d66b836a2b08b32a6369f1cd3c5228d79fd6c267f5f6aa7b231c7dfb9d59951ae9c',
    '9db0cdf880f73e3e10d4eb3217766688',
  ],
];

function counting(lengthBytes: number): Buffer {
  return Buffer.from(Array.from({ length: lengthBytes }, (_, at) => at));
}

describe('OCB2', () => {
  it.each(vectors)('seals %i bytes as published', (lengthBytes, sealed, tag) => {
    const made = sealOcb2(KEY, KEY, counting(lengthBytes));
    expect(made.sealed.toString('hex')).toBe(sealed);
    expect(made.tag.toString('hex')).toBe(tag);
  });

  it('opens what it sealed, at every length about the edges of blocks', () => {
    for (let lengthBytes = 0; lengthBytes <= 50; lengthBytes += 1) {
      const text = counting(lengthBytes);
      const { sealed, tag } = sealOcb2(KEY, counting(16).reverse(), text);
      expect(openOcb2(KEY, counting(16).reverse(), sealed, tag)).toEqual(text);
    }
  });

  it('does not open what was changed', () => {
    const { sealed, tag } = sealOcb2(KEY, KEY, counting(40));
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect(openOcb2(KEY, KEY, changed, tag)).toBeNull();
    }
    expect(openOcb2(KEY, counting(16).reverse(), sealed, tag)).toBeNull();
  });
});
