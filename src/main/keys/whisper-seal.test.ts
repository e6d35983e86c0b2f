import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_WHISPER_KEY_BYTES } from '../../core/wire/key-delivery.ts';
import { createIdentity } from './identity.ts';
import {
  createWhisperKey,
  openWhisperKey,
  SEALED_WHISPER_KEY_BYTES,
  sealWhisperKey,
  verifyWhisperPublicKey,
} from './whisper-seal.ts';

const secret = { keyId: 200, key: new Uint8Array(16).fill(1), salt: new Uint8Array(12).fill(2) };
const route = { fromToken: 0x1122_3344, target: 0x8000_0002 };

async function createScene() {
  const [from, toOwner, other] = [createIdentity(), createIdentity(), createIdentity()];
  const [to, otherKey] = [await createWhisperKey(toOwner), await createWhisperKey(other)];
  const sealed = await sealWhisperKey({
    ...secret,
    ...route,
    from,
    toIdentity: toOwner.publicKey,
    toWhisperPublicKey: to.publicKey,
  });
  const input = { ...route, fromIdentity: from.publicKey, toIdentity: toOwner.publicKey, to, sealed };
  return { from, toOwner, other, to, otherKey, sealed, input };
}

describe('whisper key of a session', () => {
  it('is signed by its identity', async () => {
    const { toOwner, other, to, otherKey } = await createScene();
    expect(verifyWhisperPublicKey(toOwner.publicKey, to.publicKey, to.signature)).toBe(true);
    expect(verifyWhisperPublicKey(other.publicKey, to.publicKey, to.signature)).toBe(false);
    expect(verifyWhisperPublicKey(toOwner.publicKey, otherKey.publicKey, to.signature)).toBe(false);
    expect(verifyWhisperPublicKey(toOwner.publicKey, to.publicKey.subarray(1), to.signature)).toBe(false);
    // The label keeps it apart from a signature over the bare bytes.
    const bare = toOwner.sign(to.publicKey);
    expect(verifyWhisperPublicKey(toOwner.publicKey, to.publicKey, bare)).toBe(false);
  });
});

describe('sealed whisper key', () => {
  it('comes out for whom it was sealed', async () => {
    const { input, sealed } = await createScene();
    expect(sealed.length).toBe(SEALED_WHISPER_KEY_BYTES);
    expect(SEALED_WHISPER_KEY_BYTES).toBeLessThanOrEqual(MAX_WHISPER_KEY_BYTES);
    expect(Buffer.from(sealed).includes(Buffer.from(secret.key))).toBe(false);
    expect(await openWhisperKey(input)).toEqual({ ok: true, ...secret });
  });

  it('is worth nothing to anybody else, from anybody else, or on another route', async () => {
    const { input, other, otherKey, from, toOwner, to, sealed } = await createScene();
    const bad = { ok: false, reason: 'badSignature' };
    expect(await openWhisperKey({ ...input, to: otherKey })).toEqual(bad);
    expect(await openWhisperKey({ ...input, toIdentity: other.publicKey })).toEqual(bad);
    expect(await openWhisperKey({ ...input, fromIdentity: other.publicKey })).toEqual(bad);
    expect(await openWhisperKey({ ...input, fromToken: route.fromToken + 1 })).toEqual(bad);
    expect(await openWhisperKey({ ...input, target: 5 })).toEqual(bad);
    // The right public key with another private one: signed for us, but sealed to somebody else.
    const mixed = { ...to, privateKey: otherKey.privateKey };
    expect(await openWhisperKey({ ...input, to: mixed })).toEqual({ ok: false, reason: 'notForUs' });
    // A thief puts its own signature on what it cannot read: the seal names the real sender.
    const stolen = await sealWhisperKey({
      ...secret,
      ...route,
      from: other,
      toIdentity: toOwner.publicKey,
      toWhisperPublicKey: to.publicKey,
    });
    stolen.set(sealed.subarray(0, 64));
    expect((await openWhisperKey({ ...input, fromIdentity: other.publicKey, sealed: stolen })).ok).toBe(
      false,
    );
    expect(from.publicKey).not.toEqual(other.publicKey);
  });

  it('does not open once any byte has changed, or at another length', async () => {
    const { input, sealed } = await createScene();
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length * 8 - 1), async (bit) => {
        const changed = Uint8Array.from(sealed);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(await openWhisperKey({ ...input, sealed: changed })).toEqual({
          ok: false,
          reason: 'badSignature',
        });
      }),
    );
    for (const length of [0, 64, sealed.length - 1])
      expect(await openWhisperKey({ ...input, sealed: sealed.subarray(0, length) })).toEqual({
        ok: false,
        reason: 'malformed',
      });
    const longer = Uint8Array.of(...sealed, 0);
    expect(await openWhisperKey({ ...input, sealed: longer })).toEqual({ ok: false, reason: 'malformed' });
  });

  it('is different each time', async () => {
    const { from, toOwner, to, sealed } = await createScene();
    const toIdentity = toOwner.publicKey;
    const again = await sealWhisperKey({
      ...secret,
      ...route,
      from,
      toIdentity,
      toWhisperPublicKey: to.publicKey,
    });
    expect(again).not.toEqual(sealed);
  });

  it('is not sealed to a key that has no secret', async () => {
    const { from, toOwner } = await createScene();
    const toIdentity = toOwner.publicKey;
    const input = { ...secret, ...route, from, toIdentity, toWhisperPublicKey: new Uint8Array(32) };
    await expect(sealWhisperKey(input)).rejects.toThrow();
  });
});
