import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CertificatePair } from '../base/certificate-pair.ts';
import { someCertificate } from '../base/certificate-rig.ts';
import { readAdminTls } from './admin-tls.ts';
import { CertificateWatch } from './certificate-renewal.ts';
import type { RelayConfig } from './relay-config.ts';

let folder: string;
let config: RelayConfig;
let news: (string | CertificatePair)[];

const put = ({ certificatePem, keyPem }: CertificatePair): void => {
  writeFileSync(join(folder, 'certificate.pem'), certificatePem);
  writeFileSync(join(folder, 'key.pem'), keyPem);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-renewal-'));
  config = {
    tls_certificate: join(folder, 'certificate.pem'),
    tls_key: join(folder, 'key.pem'),
  } as RelayConfig;
  news = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const watch = (): CertificateWatch =>
  new CertificateWatch(
    {
      info: (event, fields) => news.push(`${event} ${fields?.['of']}`),
      error: (event, fields) => news.push(`${event} ${fields?.['of']}`),
    },
    [
      {
        of: 'admin',
        read: () => readAdminTls(config),
        door: () => ({ renewCertificate: (certificate) => news.push(certificate) }),
      },
    ],
  );

describe('CertificateWatch', () => {
  test('says nothing while the files stay as they are', async () => {
    put(await someCertificate());
    const renewal = watch();
    renewal.check();
    renewal.check();
    expect(news).toEqual([]);
  });

  test('takes a new pair over, once', async () => {
    put(await someCertificate());
    const renewal = watch();
    const newer = await someCertificate();
    put(newer);
    renewal.check();
    renewal.check();
    expect(news).toEqual([newer, 'certificateRenewed admin']);
  });

  test('waits while the files are being written', async () => {
    put(await someCertificate());
    const renewal = watch();
    const newer = await someCertificate();
    writeFileSync(join(folder, 'certificate.pem'), newer.certificatePem);
    renewal.check();
    expect(news).toEqual([]);
    put(newer);
    renewal.check();
    expect(news).toEqual([newer, 'certificateRenewed admin']);
  });

  test('tells once of files that stay wrong, and takes them when they are right', async () => {
    put(await someCertificate());
    const renewal = watch();
    rmSync(join(folder, 'key.pem'));
    for (let look = 0; look < 5; look += 1) renewal.check();
    expect(news).toEqual(['certificateNotRenewed admin']);
    const newer = await someCertificate();
    put(newer);
    renewal.check();
    expect(news).toEqual(['certificateNotRenewed admin', newer, 'certificateRenewed admin']);
    writeFileSync(join(folder, 'certificate.pem'), 'nonsense');
    renewal.check();
    renewal.check();
    expect(news.slice(3)).toEqual(['certificateNotRenewed admin']);
  });

  test('has nothing to do without a certificate of one’s own', () => {
    config = {} as RelayConfig;
    const renewal = watch();
    renewal.check();
    expect(news).toEqual([]);
  });
});
