import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { CertificatePair } from '../base/certificate-pair.ts';
import type { RelayConfig } from './relay-config.ts';

/** Null: there is none of the user's own. */
export type TlsRead =
  | { readonly ok: true; readonly tls: CertificatePair | null }
  | { readonly ok: false; readonly sentence: string };

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** Reads the certificate of the admin page, and makes sure that the key is its own. */
export function readAdminTls({ tls_certificate, tls_key }: RelayConfig): TlsRead {
  return readPair(tls_certificate, tls_key);
}

/** That of the listeners: their own, else that of the admin page. */
export function readListeningTls(config: RelayConfig): TlsRead {
  const { listen_certificate, listen_key } = config;
  return listen_certificate === undefined ? readAdminTls(config) : readPair(listen_certificate, listen_key);
}

function readPair(certificatePath: string | undefined, keyPath: string | undefined): TlsRead {
  if (certificatePath === undefined || keyPath === undefined) return { ok: true, tls: null };
  const texts: string[] = [];
  for (const path of [certificatePath, keyPath]) {
    try {
      texts.push(readFileSync(path, 'utf8'));
    } catch (error) {
      return { ok: false, sentence: `${path} could not be read: ${codeOf(error)}.` };
    }
  }
  const [certificatePem = '', keyPem = ''] = texts;
  try {
    createSecureContext({ cert: certificatePem, key: keyPem });
  } catch (error) {
    return {
      ok: false,
      sentence: `${certificatePath} and ${keyPath} are no certificate and its key: ${codeOf(error)}.`,
    };
  }
  return { ok: true, tls: { certificatePem, keyPem } };
}
