import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readPrivateFile, writePrivateFile } from '../base/private-file.ts';
import { BOX_KEY_BYTES, openUnder, type SecretBox, sealUnder } from '../base/secret-box.ts';

/** In the data folder. */
export const KEY_FILE_NAME = 'secret.key';

/**
 * Seals under a random key of its own in `secret.key`, made when it is first needed. For where the operating system
 * keeps no keys for us: whoever has the database without that file reads nothing.
 */
export function fileSecretBox(folder: string): SecretBox {
  const path = join(folder, KEY_FILE_NAME);
  let key: Uint8Array | null = null;
  return {
    kind: 'file',
    seal(bytes): Uint8Array {
      key ??= readPrivateFile(path);
      if (key === null) {
        const fresh = randomBytes(BOX_KEY_BYTES);
        // On the disk before anything is sealed under it.
        writePrivateFile(path, fresh);
        key = fresh;
      }
      if (key.length !== BOX_KEY_BYTES) throw new Error(`${path} is damaged: it holds no key`);
      return sealUnder(key, bytes);
    },
    open(sealed): Uint8Array | null {
      key ??= readPrivateFile(path);
      return key?.length === BOX_KEY_BYTES ? openUnder(key, sealed) : null;
    },
  };
}
