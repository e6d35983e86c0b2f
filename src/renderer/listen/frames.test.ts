import { expect, test } from 'vitest';
import { readFrame, writeFrame } from './frames.ts';

const bytesOf = (hex: string): ArrayBuffer => Uint8Array.from(Buffer.from(hex, 'hex')).buffer;

test('a frame is read as the relay writes it', () => {
  const frame = readFrame(bytesOf('0102030400000000fffffff0020003fc0102'));
  expect(frame?.timestampUs).toBe(0xfffffff0);
  expect(Buffer.from(frame?.payload ?? []).toString('hex')).toBe('fc0102');
});

test.each([
  '',
  '000000000000000000000000010001',
  '00000000000000000000000001000201',
  '00000000ffffffffffffffff01000101',
])('%s is no frame', (hex) => {
  expect(readFrame(bytesOf(hex))).toBeNull();
});

test('our own have one channel', () => {
  const message = writeFrame(0x01020304, 0x1_0000_0002, Uint8Array.from([0xf8, 7]));
  expect(Buffer.from(message).toString('hex')).toBe('010203040000000100000002010002f807');
});
