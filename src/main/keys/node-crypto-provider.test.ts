import fc from 'fast-check';
import { getCiphersuiteFromName } from 'ts-mls/crypto/ciphersuite.js';
import { defaultCryptoProvider } from 'ts-mls/crypto/implementation/default/provider.js';
import { describe, expect, it } from 'vitest';
import { SUITE } from './group-suite.ts';
import { nodeCryptoProvider } from './node-crypto-provider.ts';

/** The library's own cryptography is the judge. */
describe('nodeCryptoProvider agrees with the WebCrypto one', () => {
  const suite = getCiphersuiteFromName(SUITE);
  const both = Promise.all([
    nodeCryptoProvider.getCiphersuiteImpl(suite),
    defaultCryptoProvider.getCiphersuiteImpl(suite),
  ]);
  const bytes = fc.uint8Array({ maxLength: 100 });
  const key = fc.uint8Array({ minLength: 1, maxLength: 100 });

  it('on hashes and MACs', async () => {
    const [ours, theirs] = await both;
    await fc.assert(
      fc.asyncProperty(key, bytes, async (macKey, data) => {
        expect(await ours.hash.digest(data)).toEqual(await theirs.hash.digest(data));
        const mac = await ours.hash.mac(macKey, data);
        expect(mac).toEqual(await theirs.hash.mac(macKey, data));
        expect(await ours.hash.verifyMac(macKey, mac, data)).toBe(true);
        expect(await ours.hash.verifyMac(macKey, mac.subarray(1), data)).toBe(false);
        expect(
          await ours.hash.verifyMac(
            macKey,
            mac.map((byte) => byte ^ 1),
            data,
          ),
        ).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it('on key derivation, of any length', async () => {
    const [ours, theirs] = await both;
    const lengths = fc.oneof(fc.constantFrom(1, 31, 32, 33, 64, 65), fc.integer({ min: 1, max: 255 * 32 }));
    // What MLS salts with: nothing, or another secret.
    const salts = fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ minLength: 32, maxLength: 32 }));
    await fc.assert(
      fc.asyncProperty(salts, key, bytes, lengths, async (salt, material, info, length) => {
        const extracted = await ours.kdf.extract(salt, material);
        expect(extracted).toEqual(await theirs.kdf.extract(salt, material));
        expect(await ours.kdf.expand(extracted, info, length)).toEqual(
          await theirs.kdf.expand(extracted, info, length),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('on signatures, and on keys the library made', async () => {
    const [ours, theirs] = await both;
    const { signKey, publicKey } = await ours.signature.keygen();
    const message = Uint8Array.of(1, 2, 3);
    const signature = await ours.signature.sign(signKey, message);
    expect(signature).toEqual(await theirs.signature.sign(signKey, message));
    expect(signature).toEqual(await ours.signature.sign(signKey.slice(-32), message));
    expect(await theirs.signature.verify(publicKey, message, signature)).toBe(true);
    expect(await ours.signature.verify(publicKey, message, signature)).toBe(true);
    expect(await ours.signature.verify(publicKey, Uint8Array.of(1), signature)).toBe(false);
    expect(await ours.signature.verify(new Uint8Array(5), message, signature)).toBe(false);
  });
});
