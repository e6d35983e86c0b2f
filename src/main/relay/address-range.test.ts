import { describe, expect, it } from 'vitest';
import { AddressRanges, isRange, plainAddress } from './address-range.ts';

describe('isRange', () => {
  it('takes CIDR notation of both families', () => {
    for (const range of ['203.0.113.0/24', '0.0.0.0/0', '10.1.2.3/32', '2001:db8::/32', '::/0', '::1/128']) {
      expect(isRange(range), range).toBe(true);
    }
  });

  it('refuses everything else', () => {
    const bad = [
      '',
      '10.0.0.0',
      '10.0.0.0/',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      '10.0.0.0/0x8',
      '10.0.0.0/ 8',
      '10.0.0/8',
      '010.0.0.0/8',
      '::/129',
      'fe80::1%eth0/64',
      '::ffff:10.0.0.0/104',
      'example.org/24',
      '/24',
    ];
    for (const range of bad) expect(isRange(range), range).toBe(false);
  });
});

describe('AddressRanges', () => {
  const ranges = new AddressRanges();

  it('compares by the prefix, at its borders', () => {
    expect(ranges.includes('203.0.113.0', '203.0.113.0/24')).toBe(true);
    expect(ranges.includes('203.0.113.255', '203.0.113.77/24')).toBe(true);
    expect(ranges.includes('203.0.114.0', '203.0.113.0/24')).toBe(false);
    expect(ranges.includes('203.0.112.255', '203.0.113.0/24')).toBe(false);
    expect(ranges.includes('198.51.100.7', '0.0.0.0/0')).toBe(true);
    expect(ranges.includes('2001:db8:ffff::1', '2001:db8::/32')).toBe(true);
    expect(ranges.includes('2001:db9::', '2001:db8::/32')).toBe(false);
  });

  it('makes mapped addresses plain and keeps the families apart', () => {
    expect(plainAddress('::ffff:10.1.2.3')).toBe('10.1.2.3');
    expect(plainAddress('::FFFF:10.1.2.3')).toBe('10.1.2.3');
    expect(plainAddress('2001:db8::1')).toBe('2001:db8::1');
    expect(ranges.includes('::ffff:10.1.2.3', '10.0.0.0/8')).toBe(true);
    expect(ranges.includes('10.1.2.3', '::/0')).toBe(false);
    expect(ranges.includes('2001:db8::1', '0.0.0.0/0')).toBe(false);
  });

  it('matches nothing where one of both is none', () => {
    expect(ranges.includes('nowhere', '0.0.0.0/0')).toBe(false);
    expect(ranges.includes('10.0.0.1', '10.0.0.0/99')).toBe(false);
    expect(ranges.includes('10.0.0.1', '10.0.0.0/99')).toBe(false);
  });
});
