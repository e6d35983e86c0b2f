import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeOpusHead, writeOpusTags } from './opus-headers.ts';

/** Reads comments the way the specification tells it, with nothing of ours. */
function readTags(packet: Uint8Array): { vendor: string; comments: string[] } {
  const bytes = Buffer.from(packet);
  expect(bytes.toString('latin1', 0, 8)).toBe('OpusTags');
  let at = 8;
  const text = (): string => {
    const length = bytes.readUInt32LE(at);
    at += 4 + length;
    return bytes.toString('utf8', at - length, at);
  };
  const vendor = text();
  const count = bytes.readUInt32LE(at);
  at += 4;
  const comments = Array.from({ length: count }, text);
  expect(at).toBe(bytes.length);
  return { vendor, comments };
}

describe('writeOpusHead', () => {
  it('writes what opusenc writes', () => {
    expect(Buffer.from(writeOpusHead({ channels: 1, preSkipSamples: 312 })).toString('hex')).toBe(
      '4f707573486561640101380180bb0000000000',
    );
    expect(Buffer.from(writeOpusHead({ channels: 2, preSkipSamples: 70_000 })).toString('hex')).toBe(
      '4f707573486561640102ffff80bb0000000000',
    );
  });
});

describe('writeOpusTags', () => {
  it('keeps the order, and several of one name', () => {
    const packet = writeOpusTags('Sidetone', [
      ['title', 'Grüße, 世界 🎧'],
      ['artist', 'One'],
      ['artist', ''],
    ]);
    expect(readTags(packet)).toEqual({
      vendor: 'Sidetone',
      comments: ['TITLE=Grüße, 世界 🎧', 'ARTIST=One', 'ARTIST='],
    });
  });

  it('leaves out names that cannot stand there', () => {
    const tags = ['', 'a=b', 'ü', 'a\n', '~'].map((name) => [name, 'x'] as const);
    expect(readTags(writeOpusTags('v', tags)).comments).toEqual([]);
  });

  it('says any text in UTF-8 as others do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (value, other) => {
        const { vendor, comments } = readTags(writeOpusTags(other, [['title', value]]));
        expect(comments).toEqual([`TITLE=${Buffer.from(value, 'utf8').toString('utf8')}`]);
        expect(vendor).toBe(other.toWellFormed());
      }),
    );
  });
});
