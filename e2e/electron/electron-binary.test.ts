import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findElectron } from './electron-binary.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-electron-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("Electron's binary", () => {
  it('is found where its installer puts it', () => {
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'path.txt'), 'electron');
    writeFileSync(join(folder, 'dist', 'electron'), '');
    expect(findElectron({}, folder)).toEqual({ ok: true, path: join(folder, 'dist', 'electron') });
  });

  it('is found where a distribution keeps it', () => {
    writeFileSync(join(folder, 'electron'), '');
    const environment = { ELECTRON_OVERRIDE_DIST_PATH: folder };
    expect(findElectron(environment, join(folder, 'package'))).toEqual({
      ok: true,
      path: join(folder, 'electron'),
    });
  });

  it('is missing, and nothing is downloaded, when only the package is there', () => {
    writeFileSync(join(folder, 'path.txt'), 'electron');
    expect(findElectron({}, folder)).toMatchObject({ ok: false });
  });
});
