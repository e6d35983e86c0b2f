import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadOrCreateCertificate } from './certificate.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-certificate-'));
  path = join(folder, 'relay', 'relay-certificate.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = () => loadOrCreateCertificate(join(folder, 'relay'));

it('is made once and kept, readable by its owner alone', async () => {
  const certificate = await load();
  expect(await load()).toEqual(certificate);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(certificate.sha256).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

it('is refused when it is damaged, and not replaced: old links would break without a word', async () => {
  const { certificatePem } = await load();
  const whole = readFileSync(path, 'utf8');
  const { keyPem } = JSON.parse(whole);
  rmSync(path);
  const other = await load();
  const damaged = [
    '',
    whole.slice(0, -20),
    '{}',
    JSON.stringify({ certificatePem: 'x', keyPem }),
    JSON.stringify({ certificatePem, keyPem: 'x' }),
    JSON.stringify({ certificatePem, keyPem: other.keyPem }),
  ];
  for (const content of damaged) {
    writeFileSync(path, content);
    await expect(load()).rejects.toThrow(`${path} is damaged`);
    expect(readFileSync(path, 'utf8')).toBe(content);
  }
});
