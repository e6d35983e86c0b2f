import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { playlistOf, readStreamAddress } from './stream-address.ts';

describe('readStreamAddress', () => {
  it.each([
    ['/stream/music', 'music', 'stream'],
    ['/stream/music.ogg', 'music', 'stream'],
    ['/stream/Caf%C3%A9%20%2F%202.OGG', 'Café / 2', 'stream'],
    ['/stream/v1.2', 'v1.2', 'stream'],
    ['/stream/a.ogg.m3u', 'a.ogg', 'playlist'],
  ])('reads %s', (path, channel, form) => {
    expect(readStreamAddress(path)).toEqual({ channel, form });
  });

  it.each([
    '/stream',
    '/stream/',
    '/stream/.ogg',
    '/stream/a/b.ogg',
    '/streams/a',
    '/stream/%ff.ogg',
    '/stream/%zz',
    `/stream/${'a'.repeat(1_025)}`,
  ])('leaves %s to others', (path) => {
    expect(readStreamAddress(path)).toBeNull();
  });

  it('takes a reference as long as any name can be, and not a byte more', () => {
    expect(readStreamAddress(`/stream/${'a'.repeat(1_024)}`)).not.toBeNull();
  });

  it('finds any name again that was percent-encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (name) => {
        const path = new URL(`/stream/${encodeURIComponent(name)}.ogg`, 'http://relay.invalid').pathname;
        expect(readStreamAddress(path)).toEqual({ channel: name, form: 'stream' });
      }),
    );
  });
});

describe('playlistOf', () => {
  const channel = { name: 'A\r\nB', slug: 'ä-b' };

  it('gives the address by the name that the client knows, with its key', () => {
    expect(playlistOf({ channel, secure: true, host: 'relay.example:48481', key: 'a+b' })).toBe(
      '#EXTM3U\n#EXTINF:-1,A B\nhttps://relay.example:48481/stream/%C3%A4-b.ogg?key=a%2Bb\n',
    );
    expect(playlistOf({ channel, secure: false, host: '[::1]:8', key: null })).toContain(
      '\nhttp://[::1]:8/stream/%C3%A4-b.ogg\n',
    );
  });

  it.each([null, '', 'a b', 'a/b', 'user@host', 'a\nb', '[::1', 'host:123456'])(
    'stays relative where the host is %j',
    (host) => {
      expect(playlistOf({ channel, secure: false, host, key: null }).split('\n')[2]).toBe('%C3%A4-b.ogg');
    },
  );
});
