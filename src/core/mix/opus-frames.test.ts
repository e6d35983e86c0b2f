import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { opusPacketSamples } from '../voice/opus-duration.ts';
import { MAX_FRAMES, opusPacketBytes, readOpusFrames, writeOpusFrames } from './opus-frames.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const shown = (packet: Uint8Array): string => Buffer.from(packet).toString('hex');

/** CELT, fullband, 2.5 ms, mono (RFC 6716, table 2: configuration 28). */
const CELT_2_5_MS = 28 << 3;

describe('readOpusFrames', () => {
  it.each([
    ['one frame', 'e0 0102', ['0102']],
    ['one empty frame', 'e0', ['']],
    ['two of one length', 'e1 0102 0304', ['0102', '0304']],
    ['two of different lengths', 'e2 01 aa bbcc', ['aa', 'bbcc']],
    ['three of one length', 'e3 03 010203', ['01', '02', '03']],
    ['three of different lengths', 'e3 83 01 00 aa bbcc', ['aa', '', 'bbcc']],
    ['three with padding', 'e3 43 02 010203 0000', ['01', '02', '03']],
    ['two of different lengths with padding', 'e3 c2 01 01 aa bb 00', ['aa', 'bb']],
  ])('takes apart: %s', (_name, packet, frames) => {
    expect(readOpusFrames(hex(packet))?.frames.map(shown)).toEqual(frames);
  });

  it('reads lengths of two bytes and padding of more than 254', () => {
    const long = new Uint8Array(255).fill(7);
    // 255 = 4 * 0 + 255.
    expect(readOpusFrames(hex(`e2 ff00 ${shown(long)} 09`))?.frames.map(({ length }) => length)).toEqual([
      255, 1,
    ]);
    const padded = hex(`e3 41 ff 01 aa ${'00'.repeat(255)}`);
    expect(readOpusFrames(padded)?.frames.map(shown)).toEqual(['aa']);
  });

  it.each([
    ['nothing', ''],
    ['two of one length that are not', 'e1 010203'],
    ['a length that is cut off', 'e2'],
    ['a long length that is cut off', 'e2 fc'],
    ['a frame beyond the end', 'e2 05 aa'],
    ['no count', 'e3'],
    ['no frames', 'e3 00'],
    ['too many frames', 'e3 31'],
    ['frames that do not come out even', 'e3 02 010203'],
    ['padding beyond the end', 'e3 41 05 aa'],
    ['padding that does not end', 'e3 41 ff'],
    ['a frame that is too long', `e0 ${'00'.repeat(1_276)}`],
  ])('refuses %s', (_name, packet) => {
    expect(readOpusFrames(hex(packet))).toBe(null);
  });

  it('reads the longest frame there may be', () => {
    expect(readOpusFrames(hex(`e0 ${'00'.repeat(1_275)}`))?.frames[0]?.length).toBe(1_275);
  });

  it('throws for no packet, and its frames lie within it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (packet) => {
        const read = readOpusFrames(packet);
        if (read === null) return;
        const sound = read.frames.reduce((sum, frame) => sum + frame.length, 0);
        expect(sound).toBeLessThan(packet.length);
        expect(read.frames.length).toBeGreaterThan(0);
        expect(read.frames.length).toBeLessThanOrEqual(MAX_FRAMES);
      }),
    );
  });
});

describe('writeOpusFrames', () => {
  it('makes packets that are read as what they were made of, of the length that was said', () => {
    const frame = fc.uint8Array({ maxLength: 1_275 });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: MAX_FRAMES }), (frames) => {
        const packet = writeOpusFrames({ coding: CELT_2_5_MS, frames });
        expect(packet.length).toBe(opusPacketBytes(frames));
        expect(readOpusFrames(packet)?.frames.map(shown)).toEqual(frames.map(shown));
        expect(readOpusFrames(packet)?.coding).toBe(CELT_2_5_MS);
        expect(opusPacketSamples(packet)).toBe(frames.length * 120);
      }),
    );
  });
});
