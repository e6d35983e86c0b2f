import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createIdentity,
  exportIdentity,
  IDENTITY_TEXT_PREFIX,
  identityFromSeed,
  importIdentity,
  MAX_IDENTITY_TEXT_LENGTH,
  MAX_PASSPHRASE_LENGTH,
  MIN_PASSPHRASE_LENGTH,
  verifySignature,
} from './identity.ts';

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

describe('Identity', () => {
  it('agrees with RFC 8032, section 7.1, test 2', () => {
    const identity = identityFromSeed(
      fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'),
    );
    expect(Buffer.from(identity.publicKey).toString('hex')).toBe(
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    );
    expect(Buffer.from(identity.sign(Uint8Array.of(0x72))).toString('hex')).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
  });

  it('verifies what it signed, and nothing that was changed', () => {
    const identity = createIdentity();
    const message = Uint8Array.of(1, 2, 3);
    const signature = identity.sign(message);
    expect(verifySignature(identity.publicKey, message, signature)).toBe(true);
    expect(verifySignature(createIdentity().publicKey, message, signature)).toBe(false);
    expect(verifySignature(identity.publicKey, Uint8Array.of(1, 2, 4), signature)).toBe(false);
    for (let at = 0; at < signature.length; at += 1) {
      const changed = Uint8Array.from(signature);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(verifySignature(identity.publicKey, message, changed)).toBe(false);
    }
  });

  it('answers no to keys and signatures of any shape, and never throws', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ minLength: 32, maxLength: 32 }));
    const signatures = fc.uint8Array({ minLength: 60, maxLength: 66 });
    fc.assert(
      fc.property(bytes, signatures, (key, signature) => {
        expect(verifySignature(key, Uint8Array.of(1), signature)).toBe(false);
      }),
    );
  });

  it('is a new one each time', () => {
    expect(createIdentity().publicKey).not.toEqual(createIdentity().publicKey);
    expect(() => identityFromSeed(new Uint8Array(31))).toThrow('32 bytes');
  });
});

describe('exported identity', () => {
  const identity = createIdentity();
  const passphrase = 'correct horse';
  const exported = exportIdentity(identity, passphrase).then((result) => {
    if (!result.ok) throw new Error(result.reason);
    return result.text;
  });

  it('is one short line that comes back under its passphrase, spelt either way', async () => {
    const text = await exported;
    expect(text).toMatch(/^sidetone-identity-1\.[\w-]+\.[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(text.length).toBeLessThan(150);
    expect(text).not.toContain(Buffer.from(identity.seed).toString('base64url'));
    const result = await importIdentity(`  ${text.slice(0, 40)}\r\n${text.slice(40)}\n`, passphrase);
    expect(result.ok && result.identity.seed).toEqual(identity.seed);
    expect(result.ok && result.identity.publicKey).toEqual(identity.publicKey);
  });

  it('is a different text each time, and takes a passphrase in any Unicode form', async () => {
    const again = await exportIdentity(identity, 'Zauberstäbe'.normalize('NFC'));
    if (!again.ok) throw new Error(again.reason);
    expect(again.text).not.toBe(await exported);
    expect((await importIdentity(again.text, 'Zauberstäbe'.normalize('NFD'))).ok).toBe(true);
  });

  it('stays closed to another passphrase', async () => {
    const text = await exported;
    expect(await importIdentity(text, 'correct hors')).toEqual({ ok: false, reason: 'wrongPassphrase' });
    const long = 'x'.repeat(MAX_PASSPHRASE_LENGTH + 1);
    expect(await importIdentity(text, long)).toEqual({ ok: false, reason: 'wrongPassphrase' });
  });

  it('tells damage from a wrong passphrase, wherever it is', async () => {
    const text = await exported;
    for (let at = IDENTITY_TEXT_PREFIX.length; at < text.length; at += 1) {
      const other = text[at] === 'A' ? 'B' : 'A';
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      expect(await importIdentity(changed, passphrase)).toEqual({ ok: false, reason: 'damaged' });
      expect(await importIdentity(text.slice(0, at), passphrase)).toEqual({ ok: false, reason: 'damaged' });
    }
    expect(await importIdentity(`${text}.AAAA`, passphrase)).toEqual({ ok: false, reason: 'damaged' });
  });

  it('is told from other texts', async () => {
    for (const text of ['', 'hello', 'sidetone-identity-2.AAAA', IDENTITY_TEXT_PREFIX.slice(0, -1)])
      expect(await importIdentity(text, passphrase)).toEqual({ ok: false, reason: 'notAnIdentity' });
    const atLimit = IDENTITY_TEXT_PREFIX.padEnd(MAX_IDENTITY_TEXT_LENGTH, 'A');
    expect(await importIdentity(atLimit, passphrase)).toEqual({ ok: false, reason: 'damaged' });
    expect(await importIdentity(`${atLimit}A`, passphrase)).toEqual({ ok: false, reason: 'tooLong' });
  });

  it('asks for a passphrase of a certain length', async () => {
    const short = 'x'.repeat(MIN_PASSPHRASE_LENGTH - 1);
    expect(await exportIdentity(identity, short)).toEqual({ ok: false, reason: 'passphraseTooShort' });
    const long = 'x'.repeat(MAX_PASSPHRASE_LENGTH + 1);
    expect(await exportIdentity(identity, long)).toEqual({ ok: false, reason: 'passphraseTooLong' });
    expect((await exportIdentity(identity, `${short}x`)).ok).toBe(true);
  });
});
