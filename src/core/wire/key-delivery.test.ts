import { describe, expect, it } from 'vitest';
import { groupIdOf, keyIdOf } from './key-delivery.ts';

describe('names of keys', () => {
  it('spells the group id out byte by byte', () => {
    const id = groupIdOf({ channel: 0x01020304, generation: 0xfffefdfc });
    expect(Buffer.from(id).toString('hex')).toBe(
      '73696465746f6e652067726f7570203100' + '01020304' + 'fffefdfc',
    );
  });

  it('counts the key id up with the epoch and round within a byte, however large both numbers', () => {
    expect(keyIdOf({ generation: 7, epoch: 0 })).toBe(7);
    expect(keyIdOf({ generation: 255, epoch: 1 })).toBe(0);
    expect(keyIdOf({ generation: 0xffff_ffff, epoch: 3 })).toBe(2);
  });
});
