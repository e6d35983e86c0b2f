import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { RelayConfig } from './relay-config.ts';

/** Null: the admin page does no TLS itself. */
export type AdminTlsRead =
  | { readonly ok: true; readonly tls: { readonly certificatePem: string; readonly keyPem: string } | null }
  | { readonly ok: false; readonly sentence: string };

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** Reads the certificate of the admin page, and makes sure that the key is its own. */
export function readAdminTls({ tls_certificate, tls_key }: RelayConfig): AdminTlsRead {
  if (tls_certificate === undefined || tls_key === undefined) return { ok: true, tls: null };
  const texts: string[] = [];
  for (const path of [tls_certificate, tls_key]) {
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
      sentence: `${tls_certificate} and ${tls_key} are no certificate and its key: ${codeOf(error)}.`,
    };
  }
  return { ok: true, tls: { certificatePem, keyPem } };
}
