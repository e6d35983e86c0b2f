import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { changeSettings, firstSettings, hashPassword, type SettingsChange } from './listening-settings.ts';

const KEY = /^[A-Za-z0-9_-]{22}$/;
const first = firstSettings(3);

function changed(change: SettingsChange, before = first) {
  const result = changeSettings(before, change);
  if (!result.ok) throw new Error(result.sentence);
  return result.settings;
}

describe('a channel that is opened for the first time', () => {
  test('is heard by who has its link, and takes no publisher', () => {
    expect(first).toEqual({
      channel: 3,
      source: 'conversation',
      access: 'link',
      linkKey: expect.stringMatching(KEY),
      password: null,
      publishKey: null,
      talk: false,
      maxListeners: 200,
    });
    expect(firstSettings(3).linkKey).not.toBe(first.linkKey);
  });
});

describe('a change', () => {
  test('leaves alone what it does not name', () => {
    const before = changed({ source: 'publisher', access: 'public', password: 'open sesame', talk: true });
    expect(changed({}, before)).toEqual(before);
    expect(changed({ maxListeners: 9 }, before)).toEqual({ ...before, maxListeners: 9 });
  });

  test('keeps a password as hashes of RFC 7616 alone', () => {
    const { password } = changed({ password: 'open sesame' });
    const of = (algorithm: string) =>
      createHash(algorithm).update('listener:Sidetone:open sesame').digest('hex');
    expect(password).toEqual({ md5: of('md5'), sha256: of('sha256') });
    expect(hashPassword('open sesame')).toEqual(password);
    expect(changed({ password: null }, { ...first, password }).password).toBeNull();
  });

  test('to listening by password needs one, given with it or before', () => {
    const refusal = { ok: false, sentence: expect.stringMatching(/^[A-Z].*\.$/) };
    expect(changeSettings(first, { access: 'password' })).toEqual(refusal);
    const closed = changed({ access: 'password', password: 'open sesame' });
    expect(closed.access).toBe('password');
    expect(changeSettings(closed, { password: null })).toEqual(refusal);
    expect(changed({ password: null, access: 'link' }, closed).password).toBeNull();
  });

  test('to a publisher’s channel gives it a key, unless nobody is to publish', () => {
    const published = changed({ source: 'publisher' });
    expect(published.publishKey).toMatch(KEY);
    expect(changed({ source: 'publisher' }, published).publishKey).toBe(published.publishKey);
    expect(changed({ source: 'publisher', publish: false }).publishKey).toBeNull();
    const shut = changed({ publish: false }, published);
    expect(shut.publishKey).toBeNull();
    expect(changed({ talk: true }, shut).publishKey).toBeNull();
    const again = changed({ publish: true }, shut);
    expect(again.publishKey).toMatch(KEY);
    expect(again.publishKey).not.toBe(published.publishKey);
  });
});
