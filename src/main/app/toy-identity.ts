import { createHash } from 'node:crypto';
import { bytesToBase64Url } from '../../core/base/base64url.ts';
import { simIdentity } from '../../core/sim/sim-room.ts';
import type { GroupPort, IdentityPort, WhisperCryptoPort } from './ports.ts';
import { ToyGroup } from './toy-group.ts';

/** The signature that a toy identity makes. */
export function toySignature(publicKey: string, bytes: Uint8Array): Uint8Array {
  return createHash('sha512').update(publicKey).update(bytes).digest();
}

/** An identity for tests: it signs so that tests can tell what was signed, and nothing in it is secret. */
export class ToyIdentity implements IdentityPort {
  publicKey = simIdentity(1);
  readonly storage = 'file';
  problem = '';
  readonly groups: ToyGroup[] = [];
  /** Awaited before a whisper key is made, or an identity read: tests hold them up with it. */
  gate: () => Promise<void> = () => Promise.resolve();
  #whisperKeys = 0;

  sign(bytes: Uint8Array): Uint8Array {
    return toySignature(this.publicKey, bytes);
  }

  safetyCode(otherIdentity: string): string {
    return [this.publicKey, otherIdentity].sort().join('+');
  }

  groupCode(epochAuthenticator: Uint8Array): string {
    return bytesToBase64Url(epochAuthenticator).slice(0, 8);
  }

  createGroup(): GroupPort {
    const group = new ToyGroup(this.publicKey);
    this.groups.push(group);
    return group;
  }

  async createWhisperCrypto(): Promise<WhisperCryptoPort> {
    await this.gate();
    this.#whisperKeys += 1;
    const key = bytesToBase64Url(new Uint8Array(32).fill(this.#whisperKeys));
    return {
      publicKey: { key, signature: bytesToBase64Url(toySignature(this.publicKey, Buffer.from(key))) },
      seal: async ({ keyId }) => Uint8Array.of(keyId),
      open: async ({ sealed }) => ({
        ok: true,
        keyId: sealed[0] ?? 0,
        key: new Uint8Array(16),
        salt: new Uint8Array(12),
      }),
    };
  }

  async exportTo(passphrase: string): ReturnType<IdentityPort['exportTo']> {
    if (passphrase.length < 8) return { ok: false, sentence: 'A passphrase has at least 8 characters.' };
    return { ok: true, text: `${this.publicKey} ${passphrase}` };
  }

  async importFrom(text: string, passphrase: string): ReturnType<IdentityPort['importFrom']> {
    await this.gate();
    const [publicKey, known] = text.split(' ');
    if (publicKey === undefined || known !== passphrase)
      return { ok: false, sentence: 'That is not the passphrase this identity was exported with.' };
    this.publicKey = publicKey;
    return { ok: true };
  }
}
