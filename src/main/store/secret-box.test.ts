import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileSecretBox, KEY_FILE_NAME } from './secret-box.ts';

const SECRET = Uint8Array.of(1, 2, 3);

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-box-'));
  path = join(folder, 'data', KEY_FILE_NAME);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const box = () => fileSecretBox(join(folder, 'data'));

it('seals under a key made on first use, for the owner alone', () => {
  expect(box().open(SECRET)).toBeNull();
  const sealed = box().seal(SECRET);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(path).size).toBe(32);
  expect(box().open(sealed)).toEqual(Buffer.from(SECRET));
  expect(box().seal(SECRET)).not.toEqual(sealed);
  expect(box().open(box().seal(new Uint8Array()))).toHaveLength(0);
});

it('opens nothing that was changed, cut short or sealed under another key', () => {
  const sealed = Buffer.from(box().seal(SECRET));
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(box().open(changed), `byte ${at}`).toBeNull();
    expect(box().open(sealed.subarray(0, at)), `${at} bytes`).toBeNull();
  }
  writeFileSync(path, Buffer.alloc(32, 9));
  expect(box().open(sealed)).toBeNull();
});

it('neither uses nor replaces a key file that is damaged', () => {
  const sealed = box().seal(SECRET);
  writeFileSync(path, 'short');
  expect(box().open(sealed)).toBeNull();
  expect(() => box().seal(SECRET)).toThrow('damaged');
  expect(readFileSync(path, 'utf8')).toBe('short');
});
