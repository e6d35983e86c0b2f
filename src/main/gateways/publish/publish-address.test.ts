import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcedBitrate, channelOfMount, mayBeOgg } from './publish-address.ts';

describe('the address of a publisher', () => {
  it('names a channel as a mount point, as its stream or as itself', () => {
    for (const path of [
      '/music',
      '/music.ogg',
      '/Music.OGG',
      '/publish/music',
      '/stream/music.ogg',
      '/music.opus',
    ])
      expect(channelOfMount(path)?.toLowerCase()).toBe('music');
    expect(channelOfMount('/publish/Caf%C3%A9%20%231')).toBe('Café #1');
    expect(channelOfMount('/publish/a%2Fb')).toBe('a/b');
  });

  it('is none otherwise', () => {
    for (const path of ['', '/', '/publish/', '/a/b', '/publish/a/b', '/%ff', '/%', `/${'a'.repeat(1_024)}`])
      expect(channelOfMount(path)).toBeNull();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        expect(channelOfMount(path)?.length ?? 1).toBeGreaterThan(0);
      }),
    );
  });

  it('is sent sound in Ogg, or what nobody named', () => {
    for (const type of [null, '', 'audio/ogg', 'application/ogg; codecs=opus', 'Audio/OGG', 'audio/mpeg'])
      expect(mayBeOgg(type)).toBe(true);
    for (const type of ['image/png', 'text/html', 'audio/aac', 'video/webm'])
      expect(mayBeOgg(type)).toBe(false);
  });

  it('announces a bitrate in one of two headers', () => {
    expect(announcedBitrate('96', null)).toBe(96_000);
    expect(announcedBitrate(null, 'ice-samplerate=48000;ice-bitrate=64;ice-channels=2')).toBe(64_000);
    expect(announcedBitrate(null, 'samplerate=48000;bitrate=32')).toBe(32_000);
    for (const nothing of ['Quality 3', '0', '-5', '99999', '', null])
      expect(announcedBitrate(nothing, null)).toBeNull();
    expect(announcedBitrate(null, 'xbitrate=9')).toBeNull();
  });
});
