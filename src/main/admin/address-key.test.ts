import { describe, expect, test } from 'vitest';
import { addressKey, bareAddress, isLoopback } from './address-key.ts';

describe('an address as limits count it', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['2001:db8::1:2:3:4', '2001:db8:0:0'],
    ['2001:db8:1::2:3:4:5', '2001:db8:1:0'],
    ['::', '0:0:0:0'],
    ['::1', '0:0:0:0'],
    ['1::', '1:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['64:ff9b::203.0.113.7', '64:ff9b:0:0'],
    ['1:2:3:4:5:6:203.0.113.7', '1:2:3:4'],
    ['', ''],
  ])('%s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  test('two of one network are one, two of different networks are two', () => {
    expect(addressKey('2001:db8:1:2::1')).toBe(addressKey('2001:db8:1:2:ffff::9'));
    expect(addressKey('2001:db8:1:2::1')).not.toBe(addressKey('2001:db8:1:3::1'));
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.255.1.2', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['128.0.0.1', false],
  ['0.0.0.0', false],
  ['::', false],
  ['127.0.0.1.example', false],
  ['', false],
])('%s is loopback: %s', (address, loopback) => {
  expect(isLoopback(address)).toBe(loopback);
});

test('the zone and the mapping belong to this machine’s sockets', () => {
  expect(bareAddress('FE80::1%eth0')).toBe('fe80::1');
  expect(bareAddress('::FFFF:10.0.0.1')).toBe('10.0.0.1');
});
