import { expect, test } from 'vitest';
import { MAX_BODY_BYTES, serverFrameHeadBytes, writeServerFrameHead } from './server-frame.ts';

test.each([
  [0, '8200'],
  [125, '827d'],
  [126, '827e007e'],
  [127, '827e007f'],
  [MAX_BODY_BYTES, '827effff'],
])('the head of a message of %i bytes is %s', (bodyBytes, hex) => {
  const head = new Uint8Array(serverFrameHeadBytes(bodyBytes));
  writeServerFrameHead(head, bodyBytes);
  expect(Buffer.from(head).toString('hex')).toBe(hex);
});
