import { describe, expect, it } from 'vitest';
import { judgeCertificate, relayName } from './trust.ts';

const PINNED = 'A'.repeat(43);
const OTHER = 'B'.repeat(43);
const byLink = { host: 'room.example', port: 48480, certificateSha256: PINNED, roomName: null };
const byName = { ...byLink, certificateSha256: null };

describe('judgeCertificate', () => {
  it('accepts the certificate of the link, also when another was known before', () => {
    expect(judgeCertificate(byLink, undefined, PINNED)).toEqual({ accept: true });
    expect(judgeCertificate(byLink, OTHER, PINNED)).toEqual({ accept: true });
  });

  it('refuses any other certificate than the link carries, although it was known', () => {
    const decision = judgeCertificate(byLink, OTHER, OTHER);
    expect(decision).toMatchObject({ accept: false });
  });

  it('trusts a relay without a link on first use, and holds it to that', () => {
    expect(judgeCertificate(byName, undefined, OTHER)).toEqual({ accept: true });
    expect(judgeCertificate(byName, OTHER, OTHER)).toEqual({ accept: true });
    expect(judgeCertificate(byName, PINNED, OTHER)).toMatchObject({ accept: false });
  });

  it('shows both fingerprints when it refuses', () => {
    const decision = judgeCertificate(byName, PINNED, OTHER);
    expect(decision.accept ? '' : decision.sentence).toMatch(/AAAA AAAA.*BBBB BBBB/);
  });
});

describe('relayName', () => {
  it('brackets IPv6', () => {
    expect(relayName({ host: '::1', port: 1 })).toBe('[::1]:1');
    expect(relayName({ host: 'a.b', port: 1 })).toBe('a.b:1');
  });
});
