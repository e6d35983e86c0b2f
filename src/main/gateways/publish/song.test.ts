import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_TAG_VALUE_LENGTH } from '../../../core/program/broadcast.ts';
import { songOf } from './song.ts';

describe('songOf', () => {
  it('takes artist and title apart', () => {
    expect(songOf('?mode=updinfo&song=Artist%20-%20Title%20-%20Live')).toEqual([
      ['artist', 'Artist'],
      ['title', 'Title - Live'],
    ]);
    expect(songOf('?song=Jingle')).toEqual([['title', 'Jingle']]);
    expect(songOf('?artist=A&title=B+C&song=x')).toEqual([
      ['artist', 'A'],
      ['title', 'B C'],
    ]);
    expect(songOf('?title=B')).toEqual([['title', 'B']]);
    for (const nothing of ['', '?', '?song=', '?song=%20', '?artist=A', '?mode=updinfo'])
      expect(songOf(nothing)).toBeNull();
  });

  it('reads the charset that is named, UTF-8 where it is that, Latin-1 otherwise', () => {
    expect(songOf('?song=%C3%84')).toEqual([['title', 'Ä']]);
    expect(songOf('?song=%C4')).toEqual([['title', 'Ä']]);
    expect(songOf('?song=%C4&charset=ISO-8859-1')).toEqual([['title', 'Ä']]);
    expect(songOf('?charset=windows-1251&song=%C4')).toEqual([['title', 'Д']]);
    expect(songOf('?charset=nonsense&song=%C3%84')).toEqual([['title', 'Ä']]);
    expect(songOf('?charset=UTF-8&song=%C4')).toEqual([['title', 'Ä']]);
  });

  it('bears anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (song, charset) => {
        for (const [, value] of songOf(`?song=${song}&charset=${charset}&title=${song}`) ?? [])
          expect(value.length).toBeLessThanOrEqual(MAX_TAG_VALUE_LENGTH);
      }),
    );
  });
});
