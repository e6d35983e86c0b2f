import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_FRAME_BYTES, type ProgramFrame } from '../program/program-frame.ts';
import {
  readWhoTalkieFrame,
  timestampUsOf,
  WHOTALKIE_HEADER_BYTES,
  writeWhoTalkieFrame,
} from './whotalkie-frame.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 500);

function written(frame: ProgramFrame): Uint8Array {
  const bytes = new Uint8Array(WHOTALKIE_HEADER_BYTES + frame.payload.length);
  writeWhoTalkieFrame(bytes, 0, frame);
  return bytes;
}

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const frames: fc.Arbitrary<ProgramFrame> = fc.record({
  sequence: fc.nat(0xffff_ffff),
  position: fc.nat(0xffff_ffff),
  samples: fc.constant(960),
  channels: fc.constantFrom(1 as const, 2 as const),
  payload: fc.uint8Array({ minLength: 1, maxLength: MAX_FRAME_BYTES }),
  atMs: fc.constant(0),
});

describe('a frame over a WebSocket', () => {
  test('has the bytes that other clients expect', () => {
    const payload = fromHex('fc0102');
    const frame: ProgramFrame = {
      sequence: 0x01020304,
      // 4,295 s: more microseconds than 32 bits count.
      position: 48_000 * 4_295,
      samples: 960,
      channels: 2,
      payload,
      atMs: 0,
    };
    expect(toHex(written(frame))).toBe('010203040000000100007fc0020003fc0102');
  });

  test('counts its microseconds from the place in the program, and never backwards', () => {
    expect(timestampUsOf(0)).toBe(0);
    expect(timestampUsOf(960)).toBe(20_000);
    expect(timestampUsOf(120)).toBe(2_500);
    expect(timestampUsOf(1)).toBe(20);
    // A hundred years of sound.
    expect(Number.isSafeInteger(timestampUsOf(48_000 * 3_153_600_000))).toBe(true);
  });

  test('is read as it was written', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const read = readWhoTalkieFrame(written(frame));
        expect(read).toEqual({
          ok: true,
          frame: {
            sequence: frame.sequence,
            timestampUs: timestampUsOf(frame.position),
            channels: frame.channels,
            payload: frame.payload,
          },
        });
      }),
      { numRuns },
    );
  });

  test.each([
    ['', 'frameTooShort'],
    ['0000000000000000000000000100', 'frameTooShort'],
    ['000000000000000000000000010000', 'framePayloadEmpty'],
    ['00000000000000000000000001000201', 'frameLengthWrong'],
    ['0000000000000000000000000100010102', 'frameLengthWrong'],
    ['00000000000000000000000000000101', 'frameChannelsWrong'],
    ['00000000000000000000000003000101', 'frameChannelsWrong'],
    ['00000000002000000000000001000101', 'frameTimeTooLarge'],
    ['000000000000000000000000011000', 'framePayloadTooLong'],
  ])('%s is refused as %s', (hex, reason) => {
    expect(readWhoTalkieFrame(fromHex(hex))).toEqual({ ok: false, reason });
  });

  test.each([
    [MAX_FRAME_BYTES - 1, true],
    [MAX_FRAME_BYTES, true],
    [MAX_FRAME_BYTES + 1, false],
  ])('a payload of %i bytes is taken: %s', (length, ok) => {
    const frame = {
      sequence: 0,
      position: 0,
      samples: 960,
      channels: 1,
      payload: new Uint8Array(length),
      atMs: 0,
    } as const;
    expect(readWhoTalkieFrame(written(frame)).ok).toBe(ok);
  });

  test('whatever comes is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const read = readWhoTalkieFrame(bytes);
        if (read.ok) expect(read.frame.payload.length).toBe(bytes.length - WHOTALKIE_HEADER_BYTES);
        else expect(read.reason).toMatch(/^frame/);
      }),
      { numRuns },
    );
  });
});
