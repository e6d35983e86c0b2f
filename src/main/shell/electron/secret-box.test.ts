import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  noSystemBoxSentence,
  type SafeStorage,
  SEALED_KEY_FILE_NAME,
  systemSecretBox,
} from './secret-box.ts';

const SECRET = Uint8Array.of(1, 2, 3);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-system-box-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A key store whose seal is the word `sealed`. */
function keyStore(change: Partial<SafeStorage> = {}): SafeStorage {
  return {
    isAsyncEncryptionAvailable: async () => true,
    getSelectedStorageBackend: () => 'gnome_libsecret',
    encryptStringAsync: async (text) => Buffer.from(`sealed ${text}`),
    decryptStringAsync: async (sealed) => {
      const [word, result] = sealed.toString().split(' ');
      if (word !== 'sealed' || result === undefined) throw new Error('not ours');
      return { shouldReEncrypt: false, result };
    },
    ...change,
  };
}

async function boxOf(safeStorage: SafeStorage) {
  const made = await systemSecretBox(safeStorage, folder);
  if (!made.ok) throw new Error(made.reason);
  return made.box;
}

it('seals under a key that the key store sealed, and opens it after a restart', async () => {
  const sealed = (await boxOf(keyStore())).seal(SECRET);
  const box = await boxOf(keyStore());
  expect(box.kind).toBe('system');
  expect(box.open(sealed)).toEqual(Buffer.from(SECRET));
  expect(box.open(SECRET)).toBeNull();
  expect(statSync(join(folder, SEALED_KEY_FILE_NAME)).mode & 0o777).toBe(0o600);
  const { getSelectedStorageBackend: _linuxOnly, ...elsewhere } = keyStore();
  expect((await boxOf(elsewhere)).open(sealed)).toEqual(Buffer.from(SECRET));
});

it('never seals under the key that stands in the source of Electron, and says why not', async () => {
  for (const backend of ['basic_text', 'unknown']) {
    const made = await systemSecretBox(keyStore({ getSelectedStorageBackend: () => backend }), folder);
    expect(made).toEqual({ ok: false, reason: 'plainText' });
  }
  const none = keyStore({ isAsyncEncryptionAvailable: async () => false });
  expect(await systemSecretBox(none, folder)).toEqual({ ok: false, reason: 'unavailable' });
  expect(() => statSync(join(folder, SEALED_KEY_FILE_NAME))).toThrow('ENOENT');
  for (const reason of ['plainText', 'unavailable', 'keyLost'] as const) {
    expect(noSystemBoxSentence(reason)).toMatch(/file that only your account may read\.$/);
  }
});

it('leaves a sealed key that it cannot open where it is', async () => {
  const path = join(folder, SEALED_KEY_FILE_NAME);
  for (const content of ['of another key store', 'sealed c2hvcnQ=']) {
    writeFileSync(path, content);
    expect(await systemSecretBox(keyStore(), folder)).toEqual({ ok: false, reason: 'keyLost' });
    expect(readFileSync(path, 'utf8')).toBe(content);
  }
});

it('seals the key anew when the key store asks for it', async () => {
  const sealed = (await boxOf(keyStore())).seal(SECRET);
  let sealings = 0;
  const rotated = keyStore({
    encryptStringAsync: async (text) => {
      sealings += 1;
      return Buffer.from(`sealed ${text}`);
    },
    decryptStringAsync: async (bytes) => ({
      shouldReEncrypt: true,
      result: bytes.toString().replace('sealed ', ''),
    }),
  });
  expect((await boxOf(rotated)).open(sealed)).toEqual(Buffer.from(SECRET));
  expect(sealings).toBe(1);
  expect((await boxOf(keyStore())).open(sealed)).toEqual(Buffer.from(SECRET));
});
