import { expect, test } from 'vitest';
import type { ProgramFrame } from '../program/program-frame.ts';
import { AUDIO_PACKET_HEADER_BYTES, NOT_STREAMING_TEXT, writeAudioPacket } from './audio-packet.ts';

function hexOf(frame: Partial<ProgramFrame>, startPosition = 0): string {
  const payload = frame.payload ?? new Uint8Array([1, 2, 3, 4, 5]);
  const bytes = new Uint8Array(AUDIO_PACKET_HEADER_BYTES + payload.length);
  const whole = { sequence: 0, position: 0, samples: 960, channels: 1, atMs: 0, ...frame, payload } as const;
  writeAudioPacket(bytes, 0, whole, startPosition);
  return Buffer.from(bytes).toString('hex');
}

test('an audio packet has the bytes that other clients expect', () => {
  expect(hexOf({ sequence: 42 })).toBe('02' + '00000000' + '1400' + '2a000000' + '05000000' + '0102030405');
});

test('its time counts from where this listener began', () => {
  expect(hexOf({ position: 48_000 + 4_800 * 10 }, 48_000)).toBe(
    '02e80300001400000000000500000001' + '02030405',
  );
});

test('all fields are little-endian, and time and sequence go round at 2^32', () => {
  const frame = { sequence: 0x1_0403_0201, position: 48 * (2 ** 32 + 7), samples: 5_760 };
  expect(hexOf({ ...frame, payload: new Uint8Array(0x0123) }).slice(0, 30)).toBe(
    '02' + '07000000' + '7800' + '01020304' + '23010000',
  );
});

test('who asks while nothing is on is told in these bytes', () => {
  expect(Buffer.from(NOT_STREAMING_TEXT).toString('hex')).toBe(
    '7b226572726f72223a2022417564696f206e6f742073747265616d696e67227d',
  );
});
