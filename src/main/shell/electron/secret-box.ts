import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { assertNever } from '../../../core/base/assert.ts';
import { readPrivateFile, writePrivateFile } from '../../base/private-file.ts';
import { BOX_KEY_BYTES, openUnder, type SecretBox, sealUnder } from '../../base/secret-box.ts';

/** The part of Electron's `safeStorage` that is used here. Its synchronous half is deprecated. */
export interface SafeStorage {
  isAsyncEncryptionAvailable(): Promise<boolean>;
  /** Linux only. */
  getSelectedStorageBackend?(): string;
  encryptStringAsync(text: string): Promise<Buffer>;
  decryptStringAsync(sealed: Buffer): Promise<{ readonly shouldReEncrypt: boolean; readonly result: string }>;
}

/**
 * Why the operating system keeps no key for us. `plainText`: Electron would seal under a key that stands in its
 * source. `unavailable`: there is no key store. `keyLost`: there is one, and what it sealed for us it opens no more.
 */
export type NoSystemBox = 'plainText' | 'unavailable' | 'keyLost';

export type SystemSecretBox =
  | { readonly ok: true; readonly box: SecretBox }
  | { readonly ok: false; readonly reason: NoSystemBox };

/** In the data folder: the key of the box, sealed by the operating system. */
export const SEALED_KEY_FILE_NAME = 'secret.key.sealed';

/** Backends of Electron that are none, or not chosen yet. */
const NO_KEY_STORE = ['basic_text', 'unknown'];

async function sealKey(safeStorage: SafeStorage, path: string, key: Uint8Array): Promise<void> {
  // It seals text alone.
  writePrivateFile(path, await safeStorage.encryptStringAsync(Buffer.from(key).toString('base64')));
}

/** @returns null when the file cannot be opened any more; it is left alone, for the key store may come back */
async function openKey(safeStorage: SafeStorage, path: string, sealed: Buffer): Promise<Uint8Array | null> {
  try {
    const { result, shouldReEncrypt } = await safeStorage.decryptStringAsync(sealed);
    const key = Buffer.from(result, 'base64');
    if (key.length !== BOX_KEY_BYTES) return null;
    if (shouldReEncrypt) await sealKey(safeStorage, path, key);
    return key;
  } catch {
    return null;
  }
}

/**
 * Seals under a random key that the operating system's key store seals in turn; it is asked once, here. Call when the
 * app is ready.
 *
 * @throws Error when the disk refuses
 */
export async function systemSecretBox(safeStorage: SafeStorage, folder: string): Promise<SystemSecretBox> {
  if (NO_KEY_STORE.includes(safeStorage.getSelectedStorageBackend?.() ?? ''))
    return { ok: false, reason: 'plainText' };
  if (!(await safeStorage.isAsyncEncryptionAvailable())) return { ok: false, reason: 'unavailable' };
  const path = join(folder, SEALED_KEY_FILE_NAME);
  const sealedKey = readPrivateFile(path);
  const key = sealedKey === null ? randomBytes(BOX_KEY_BYTES) : await openKey(safeStorage, path, sealedKey);
  if (key === null) return { ok: false, reason: 'keyLost' };
  if (sealedKey === null) await sealKey(safeStorage, path, key);
  const box: SecretBox = {
    kind: 'system',
    seal: (bytes) => sealUnder(key, bytes),
    open: (sealed) => openUnder(key, sealed),
  };
  return { ok: true, box };
}

/** What the person is told before secrets go into a file instead. */
export function noSystemBoxSentence(reason: NoSystemBox): string {
  const instead = 'so your identity lies in a file that only your account may read.';
  switch (reason) {
    case 'plainText':
      return `No key store (such as GNOME Keyring or KWallet) is running, ${instead}`;
    case 'unavailable':
      return `This system keeps no keys for programs, ${instead}`;
    case 'keyLost':
      return `The system's key store does not open what it sealed for Sidetone any more, ${instead}`;
    default:
      return assertNever(reason);
  }
}
