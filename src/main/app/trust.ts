import { base64UrlToBytes } from '../../core/base/base64url.ts';
import type { Invite } from '../../core/wire/invite.ts';

/** What to do with the certificate a relay shows. */
export type TrustDecision = { readonly accept: true } | { readonly accept: false; readonly sentence: string };

/** Name under which a relay's certificate is remembered. */
export function relayName(target: Pick<Invite, 'host' | 'port'>): string {
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

/** Bytes of a fingerprint that are shown: nobody can make a certificate that shares so many, and eyes still compare them. */
const SHOWN_FINGERPRINT_BYTES = 16;

/** The beginning of a fingerprint in groups of four hexadecimal digits, as other programs show them. */
function readable(sha256: string): string {
  const bytes = base64UrlToBytes(sha256)?.slice(0, SHOWN_FINGERPRINT_BYTES) ?? new Uint8Array();
  if (bytes.length === 0) return 'nothing';
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/(.{4})(?=.)/g, '$1 ');
}

/**
 * Judges the certificate of a relay: an invite link's fingerprint decides where there is one, else the fingerprint
 * remembered from the last visit, else trust on first use.
 */
export function judgeCertificate(target: Invite, known: string | undefined, shown: string): TrustDecision {
  if (shown === '')
    return {
      accept: false,
      sentence: `${relayName(target)} shows no certificate, so nothing was sent to it.`,
    };
  const expected = target.certificateSha256 ?? known;
  if (expected === undefined || expected === shown) return { accept: true };
  const source =
    target.certificateSha256 === null ? 'the one it showed the last time' : 'the one in the invite link';
  return {
    accept: false,
    sentence:
      `${relayName(target)} shows another certificate than ${source}, so nothing was sent to it. ` +
      `Its fingerprint should begin with ${readable(expected)}, but begins with ${readable(shown)}. ` +
      'If the room was set up anew, ask the host for a new link.',
  };
}
