import { expect, test } from 'vitest';
import { networkOf } from './network-of.ts';

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['2001:DB8:1:2::1', '2001:db8:1:2::'],
  ['2001:db8:1:3::1', '2001:db8:1:3::'],
  ['2001:db8::1', '2001:db8::'],
  ['::1', '::'],
  ['fe80::1:2%eth0', 'fe80::1:2'],
  ['fe80::1:3%2', 'fe80::1:3'],
  ['febf::1', 'febf::1'],
  ['fec0::1', 'fec0::'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('what is no address is an invariant broken, not a key of its own', () => {
  expect(() => networkOf('2001:db8:::1')).toThrow('broken invariant');
});
