import { describe, expect, it } from 'vitest';
import { PackageGate } from './package-gate.ts';

describe('PackageGate', () => {
  it('lets packages out together, of each bot the newest', () => {
    const gate = new PackageGate();
    const sent: string[] = [];
    const pass = (bot: number, name: string): boolean =>
      gate.pass(bot, () => {
        sent.push(name);
        return false;
      });
    expect(pass(1, 'before')).toBe(false);
    gate.close();
    expect(pass(1, 'old')).toBe(true);
    pass(2, 'of another');
    pass(1, 'new');
    expect([sent, gate.held]).toEqual([['before'], 2]);
    gate.open();
    expect(sent).toEqual(['before', 'new', 'of another']);
    expect(gate.held).toBe(0);
    pass(1, 'after');
    expect(sent).toHaveLength(4);
  });
});
