import 'reflect-metadata';
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { PemConverter, X509CertificateGenerator } from '@peculiar/x509';
import { z } from 'zod';
import { readPrivateFile, writePrivateFile } from '../base/private-file.ts';

/** The relay's own TLS identity. */
export interface RelayCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** SHA-256 over the DER form, base64url: what an invite link carries. */
  readonly sha256: string;
}

/** The certificate cannot be had. The message is a sentence for people. */
export class CertificateError extends Error {}

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

const storedSchema = z.object({ certificatePem: z.string(), keyPem: z.string() });

/** The certificate in a stored file, or null when it is none, or the key is that of another one. */
function parseCertificate(text: string): RelayCertificate | null {
  try {
    const { certificatePem, keyPem } = storedSchema.parse(JSON.parse(text));
    const certificate = new X509Certificate(certificatePem);
    if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) return null;
    return { certificatePem, keyPem, sha256: certificateSha256(certificate.raw) };
  } catch {
    return null;
  }
}

async function createAndKeep(path: string): Promise<RelayCertificate> {
  const created = await createCertificate();
  const { certificatePem, keyPem } = created;
  writePrivateFile(path, JSON.stringify({ certificatePem, keyPem }));
  return created;
}

/**
 * The certificate of the relay whose data lies in `folder`; made on the first call, so that invite links stay
 * valid over restarts. The file is for its owner alone.
 *
 * @throws CertificateError when the disk refuses, or when the file is there and damaged: a new certificate would turn
 * everybody away who holds an old link, without a word
 */
export async function loadOrCreateCertificate(folder: string): Promise<RelayCertificate> {
  const path = join(folder, FILE_NAME);
  let certificate: RelayCertificate | null;
  try {
    const stored = readPrivateFile(path);
    certificate = stored === null ? await createAndKeep(path) : parseCertificate(stored.toString('utf8'));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new CertificateError(`The room's certificate could not be read or made in ${path}: ${detail}`);
  }
  if (certificate !== null) return certificate;
  throw new CertificateError(
    `${path} is damaged. Put a backup in its place; or remove it, and the room gets a new certificate, with which old invite links do not work any more.`,
  );
}
