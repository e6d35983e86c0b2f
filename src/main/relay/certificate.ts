import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PemConverter, X509Certificate, X509CertificateGenerator } from '@peculiar/x509';

/** The relay's own TLS identity. */
export interface RelayCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** SHA-256 over the DER form, base64url: what an invite link carries. */
  readonly sha256: string;
}

const FILE_NAME = 'relay-certificate.json';

/** Clients pin the fingerprint and ask no authority, so an expiry date protects nobody and only breaks rooms. */
const VALID_YEARS = 30;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Fingerprint of a certificate: SHA-256 over its DER form, base64url. */
export function certificateSha256(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url');
}

async function createCertificate(): Promise<RelayCertificate> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const notBefore = new Date(Date.now() - 86_400_000);
  const notAfter = new Date(notBefore);
  notAfter.setFullYear(notAfter.getFullYear() + VALID_YEARS);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(15))).toString('hex'),
    name: 'CN=Sidetone relay',
    notBefore,
    notAfter,
    signingAlgorithm: ALGORITHM,
    keys,
  });
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificatePem: certificate.toString('pem'),
    keyPem: PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    sha256: certificateSha256(new Uint8Array(certificate.rawData)),
  };
}

async function readCertificate(path: string): Promise<RelayCertificate | null> {
  let stored: { certificatePem?: unknown; keyPem?: unknown };
  try {
    stored = JSON.parse(await readFile(path, 'utf8')) as typeof stored;
  } catch {
    return null;
  }
  const { certificatePem, keyPem } = stored;
  if (typeof certificatePem !== 'string' || typeof keyPem !== 'string') return null;
  const der = new Uint8Array(new X509Certificate(certificatePem).rawData);
  return { certificatePem, keyPem, sha256: certificateSha256(der) };
}

/**
 * The certificate of the relay whose data lies in `folder`; made on the first call, so that invite links stay
 * valid over restarts. The file is for its owner alone.
 *
 * @throws Error when the folder cannot be written
 */
export async function loadOrCreateCertificate(folder: string): Promise<RelayCertificate> {
  const path = join(folder, FILE_NAME);
  const stored = await readCertificate(path);
  if (stored !== null) return stored;
  const created = await createCertificate();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { certificatePem, keyPem } = created;
  await writeFile(`${path}.new`, JSON.stringify({ certificatePem, keyPem }), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return created;
}
