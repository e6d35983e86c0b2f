import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createIdentity } from './identity.ts';
import { groupCode, safetyCode } from './safety-code.ts';

const ann = new Uint8Array(32).fill(1);
const ben = new Uint8Array(32).fill(2);

describe('safetyCode', () => {
  it('is the same on both sides, and never changes', () => {
    expect(safetyCode(ann, ben)).toBe(safetyCode(ben, ann));
    // Computed by other means: people have written it down, so no later version may give another.
    const digest = createHash('sha512')
      .update(Buffer.concat([Buffer.from('sidetone safety code 1\0'), ann, ben]))
      .digest('hex');
    const groups = Array.from({ length: 12 }, (_, at) =>
      (BigInt(`0x${digest.slice(at * 10, at * 10 + 10)}`) % 100_000n).toString().padStart(5, '0'),
    );
    expect(safetyCode(ann, ben)).toBe(groups.join(' '));
  });

  it('has 60 digits in 12 groups, and differs for every pair', () => {
    const people = Array.from({ length: 20 }, () => createIdentity().publicKey);
    const codes = people.flatMap((one) =>
      people.filter((two) => one !== two).map((two) => safetyCode(one, two)),
    );
    for (const code of codes) expect(code).toMatch(/^\d{5}( \d{5}){11}$/);
    expect(new Set(codes).size).toBe((20 * 19) / 2);
  });

  it('is for identities only', () => {
    expect(() => safetyCode(ann, ben.subarray(1))).toThrow('32 bytes');
  });
});

describe('groupCode', () => {
  it('has 30 digits in 6 groups, and differs for every authenticator', () => {
    const codes = Array.from({ length: 200 }, (_, at) => groupCode(Uint8Array.of(at)));
    for (const code of codes) expect(code).toMatch(/^\d{5}( \d{5}){5}$/);
    expect(new Set(codes).size).toBe(200);
    expect(groupCode(ann)).toBe(groupCode(Uint8Array.from(ann)));
  });
});
