import type { Invite } from '../../core/wire/invite.ts';

/** What to do with the certificate a relay shows. */
export type TrustDecision = { readonly accept: true } | { readonly accept: false; readonly sentence: string };

/** Name under which a relay's certificate is remembered. */
export function relayName(target: Pick<Invite, 'host' | 'port'>): string {
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

/** The first 16 characters of a fingerprint in groups of four: enough to compare by eye. */
function readable(sha256: string): string {
  return sha256.slice(0, 16).replace(/(.{4})(?=.)/g, '$1 ');
}

/**
 * Judges the certificate of a relay: an invite link's fingerprint decides where there is one, else the fingerprint
 * remembered from the last visit, else trust on first use.
 */
export function judgeCertificate(target: Invite, known: string | undefined, shown: string): TrustDecision {
  const expected = target.certificateSha256 ?? known;
  if (expected === undefined || expected === shown) return { accept: true };
  const source =
    target.certificateSha256 === null ? 'the one it showed the last time' : 'the one in the invite link';
  return {
    accept: false,
    sentence:
      `${relayName(target)} shows another certificate than ${source}, so nothing was sent to it. ` +
      `Expected ${readable(expected)}, got ${readable(shown)}. Ask the host for a new link if the room was set up anew.`,
  };
}
