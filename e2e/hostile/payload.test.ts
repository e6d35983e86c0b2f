import { expect, it } from 'vitest';
import { PAYLOAD_BYTES } from './honest-protocol.ts';
import { numberedPayload, readPayload } from './payload.ts';

it('reads back what was said, and nothing that one bit was changed of', () => {
  const payload = numberedPayload(3, 1_234);
  expect(readPayload(payload)).toEqual({ speaker: 3, number: 1_234 });
  for (let bit = 0; bit < 8 * PAYLOAD_BYTES; bit += 1) {
    const changed = payload.slice();
    changed[bit >>> 3] = (changed[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    expect(readPayload(changed)).toBeNull();
  }
  expect(readPayload(payload.subarray(1))).toBeNull();
});
