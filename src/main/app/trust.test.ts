import { describe, expect, it } from 'vitest';
import { bytesToBase64Url } from '../../core/base/base64url.ts';
import { judgeCertificate, relayName } from './trust.ts';

const PINNED = bytesToBase64Url(new Uint8Array(32).fill(0xa1));
const OTHER = bytesToBase64Url(new Uint8Array(32).fill(0x0b));
const byLink = { host: 'room.example', port: 48480, certificateSha256: PINNED, roomName: null };
const byName = { ...byLink, certificateSha256: null };

describe('judgeCertificate', () => {
  it('accepts the certificate of the link, also when another was known before', () => {
    expect(judgeCertificate(byLink, undefined, PINNED)).toEqual({ accept: true });
    expect(judgeCertificate(byLink, OTHER, PINNED)).toEqual({ accept: true });
  });

  it('refuses any other certificate than the link carries, although it was known', () => {
    expect(judgeCertificate(byLink, OTHER, OTHER)).toMatchObject({ accept: false });
  });

  it('trusts a relay without a link on first use, and holds it to that', () => {
    expect(judgeCertificate(byName, undefined, OTHER)).toEqual({ accept: true });
    expect(judgeCertificate(byName, OTHER, OTHER)).toEqual({ accept: true });
    expect(judgeCertificate(byName, PINNED, OTHER)).toMatchObject({ accept: false });
  });

  it('does not trust the first one that shows nothing at all', () => {
    expect(judgeCertificate(byName, undefined, '')).toMatchObject({ accept: false });
  });

  it('shows how both fingerprints begin, as a person can compare them, and says which is which', () => {
    const shown = (target: typeof byLink | typeof byName, known: string | undefined): string => {
      const decision = judgeCertificate(target, known, OTHER);
      return decision.accept ? '' : decision.sentence;
    };
    const should = Array(8).fill('a1a1').join(' ');
    const does = Array(8).fill('0b0b').join(' ');
    expect(shown(byName, PINNED)).toContain(`should begin with ${should}, but begins with ${does}.`);
    expect(shown(byName, PINNED)).toContain('the last time');
    expect(shown(byLink, undefined)).toContain('the invite link');
  });
});

describe('relayName', () => {
  it('brackets IPv6', () => {
    expect(relayName({ host: '::1', port: 1 })).toBe('[::1]:1');
    expect(relayName({ host: 'a.b', port: 1 })).toBe('a.b:1');
  });
});
