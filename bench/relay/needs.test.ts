import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { missingPackages } from './needs.ts';

describe('missingPackages', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sidetone-needs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('names what no folder of the search path holds', () => {
    expect(missingPackages(folder)).toEqual(expect.arrayContaining(['gcc', 'openssl']));
  });

  it('does not name what is there to be run, and does name what is there but cannot be', () => {
    for (const name of ['cc', 'openssl']) writeFileSync(join(folder, name), '');
    chmodSync(join(folder, 'openssl'), 0o755);
    chmodSync(join(folder, 'cc'), 0o644);
    const missing = missingPackages(folder);
    expect(missing).toContain('gcc');
    expect(missing).not.toContain('openssl');
  });
});
