import { describe, expect, it } from 'vitest';
import { GUESS_WINDOW_MS, MAX_PASSWORD_TRIES } from '../relay/guess-limit.ts';
import { type ListeningChannel, slugsOf } from './listening.ts';
import { channelOf, PUBLISHER, TEST_LIMITS } from './program-rig.ts';
import { Programs, type VisitAnswer, type VisitRequest } from './programs.ts';

function programsWith(channels: readonly ListeningChannel[], visitsPerNetwork = 10): Programs {
  const programs = new Programs({
    limits: TEST_LIMITS,
    visitsPerNetwork,
    secretsInTheClear: false,
    equalSecrets: (one, other) => one === other,
    fitsPassword: (password, { sha256 }) => `hash of ${password}` === sha256,
  });
  programs.setChannels(channels);
  return programs;
}

function asking(changes: Partial<VisitRequest> = {}): VisitRequest {
  return {
    channel: 'music',
    purpose: 'listen',
    proof: { kind: 'none' },
    address: '192.0.2.1',
    private: true,
    onDidRevoke: () => undefined,
    ...changes,
  };
}

function secret(text: string): VisitRequest['proof'] {
  return { kind: 'secret', secret: text };
}

function said(answer: VisitAnswer): string {
  return answer.ok ? 'ok' : answer.reason;
}

describe('Programs', () => {
  it('finds a channel by slug, name and id', () => {
    const programs = programsWith([channelOf({ id: 7, name: 'Café Music', slug: 'cafe-music' })]);
    for (const reference of ['cafe-music', 'CAFE-MUSIC', 'café music', '7'])
      expect(said(programs.admit(asking({ channel: reference }), 0))).toMatch(/ok|channelFull/);
    expect(said(programs.admit(asking({ channel: 'other' }), 0))).toBe('unknownChannel');
  });

  it('admits as many listeners as the channel says, and again when one has left', () => {
    const programs = programsWith([channelOf({ maxListeners: 2 })]);
    const first = programs.admit(asking(), 0);
    expect(said(programs.admit(asking(), 0))).toBe('ok');
    expect(said(programs.admit(asking(), 0))).toBe('channelFull');
    if (first.ok) {
      first.visit.leave();
      first.visit.leave();
    }
    expect(said(programs.admit(asking(), 0))).toBe('ok');
    expect(programs.visits).toBe(2);
  });

  it('limits one network, an IPv6 /64 counting as one', () => {
    const programs = programsWith([channelOf({ maxListeners: 100 })], 1);
    expect(said(programs.admit(asking({ address: '2001:db8::1' }), 0))).toBe('ok');
    expect(said(programs.admit(asking({ address: '2001:db8::2' }), 0))).toBe('networkFull');
    expect(said(programs.admit(asking({ address: '2001:db8:0:1::2' }), 0))).toBe('ok');
  });

  it('asks for the link, and takes nothing else where access is by link', () => {
    const password = { md5: '', sha256: 'hash of word' };
    const programs = programsWith([channelOf({ access: 'link', password })]);
    expect(said(programs.admit(asking(), 0))).toBe('proofMissing');
    expect(said(programs.admit(asking({ proof: secret('word') }), 0))).toBe('proofWrong');
    expect(said(programs.admit(asking({ proof: secret('publish-key') }), 0))).toBe('proofWrong');
    expect(said(programs.admit(asking({ proof: secret('link-key') }), 0))).toBe('ok');
    expect(said(programs.admit(asking({ proof: { kind: 'verified' } }), 0))).toBe('ok');
  });

  it('takes the password or the link where access is by password, the password in private only', () => {
    const password = { md5: '', sha256: 'hash of word' };
    const programs = programsWith([channelOf({ access: 'password', password, maxListeners: 10 })]);
    expect(said(programs.admit(asking({ proof: secret('word') }), 0))).toBe('ok');
    expect(said(programs.admit(asking({ proof: secret('word'), private: false }), 0))).toBe(
      'proofInTheClear',
    );
    expect(said(programs.admit(asking({ proof: secret('link-key'), private: false }), 0))).toBe('ok');
  });

  it('says over a connection that others may read that a link is wrong, and not that it is a password', () => {
    const programs = programsWith([channelOf({ access: 'link' })]);
    expect(said(programs.admit(asking({ proof: secret('x'), private: false }), 0))).toBe('proofWrong');
  });

  it('tells nobody how full a channel is, or that somebody publishes, who may not hear it or publish', () => {
    const programs = programsWith([channelOf({ access: 'link', maxListeners: 0 })]);
    expect(said(programs.admit(asking(), 0))).toBe('proofMissing');
    expect(said(programs.admit(asking({ proof: secret('link-key') }), 0))).toBe('channelFull');
    programs.program(1)?.begin(PUBLISHER);
    const publish = asking({ purpose: 'publish', proof: secret('x') });
    expect(said(programs.admit(publish, 0))).toBe('proofWrong');
    expect(said(programs.admit({ ...publish, proof: secret('publish-key') }, 0))).toBe('publisherBusy');
  });

  it('lets nobody guess', () => {
    const programs = programsWith([channelOf({ access: 'link', maxListeners: 100 })], 100);
    const guess = (nowMs: number): string => said(programs.admit(asking({ proof: secret('x') }), nowMs));
    for (let n = 0; n < MAX_PASSWORD_TRIES; n += 1) expect(guess(0)).toBe('proofWrong');
    expect(guess(0)).toBe('tooManyTries');
    const answer = programs.admit(asking({ proof: secret('link-key') }), 0);
    expect(answer.ok ? null : answer.retryAfterSeconds).toBeGreaterThan(0);
    expect(said(programs.admit(asking({ proof: secret('link-key'), address: '192.0.2.2' }), 0))).toBe('ok');
    expect(guess(GUESS_WINDOW_MS)).toBe('proofWrong');
  });

  it('lets publish who has the key, one at a time, where the channel takes publishers', () => {
    const programs = programsWith([channelOf(), channelOf({ id: 2, slug: 'talk', source: 'conversation' })]);
    const publish = asking({ purpose: 'publish', proof: secret('publish-key') });
    expect(said(programs.admit(asking({ purpose: 'publish', proof: secret('link-key') }), 0))).toBe(
      'proofWrong',
    );
    expect(said(programs.admit(asking({ purpose: 'publish', proof: { kind: 'verified' } }), 0))).toBe(
      'proofWrong',
    );
    const answer = programs.admit(publish, 0);
    if (!answer.ok) throw new Error(answer.reason);
    expect(said(programs.admit(publish, 0))).toBe('publisherBusy');
    answer.visit.program.begin(PUBLISHER);
    expect(said(programs.admit(publish, 0))).toBe('publisherBusy');
    expect(said(programs.admit({ ...publish, channel: 'talk' }, 0))).toBe('notOffered');
    expect(said(programs.admit(asking({ purpose: 'talk' }), 0))).toBe('notOffered');
  });

  it('ends visits that would be refused now, and no others', () => {
    const channel = channelOf({ access: 'link', maxListeners: 10 });
    const programs = programsWith([channel]);
    let revoked = 0;
    const come = (): VisitAnswer =>
      programs.admit(asking({ proof: secret('link-key'), onDidRevoke: () => (revoked += 1) }), 0);
    const stays = come();
    programs.setChannels([{ ...channel, maxListeners: 5, name: 'Other' }]);
    expect(revoked).toBe(0);
    programs.setChannels([{ ...channel, linkKey: 'new-key' }]);
    expect(revoked).toBe(1);
    expect(said(come())).toBe('proofWrong');
    programs.setChannels([channel]);
    come();
    programs.setChannels([]);
    expect(revoked).toBe(2);
    expect(stays.ok && stays.visit.program.closed).toBe(true);
    const { admitted, left } = programs.counters;
    expect(admitted - left).toBe(programs.visits);
    expect(programs.visits).toBe(0);
  });
});

describe('slugsOf', () => {
  it('makes names fit for addresses, each its own', () => {
    const slugs = slugsOf([
      { id: 3, name: 'Café  & Bar' },
      { id: 1, name: 'Music' },
      { id: 2, name: 'music' },
      { id: 4, name: '!!!' },
      { id: 5, name: 'channel 4' },
      { id: 6, name: 'music 2' },
    ]);
    expect([...slugs].sort(([one], [other]) => one - other)).toEqual([
      [1, 'music'],
      [2, 'music-2'],
      [3, 'cafe-bar'],
      [4, 'channel-4'],
      [5, 'channel-4-5'],
      [6, 'music-2-6'],
    ]);
  });
});
