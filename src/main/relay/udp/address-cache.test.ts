import type { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ADDRESS_BYTES, packAddress } from '../../../core/relay/packed-address.ts';
import { AddressCache } from './address-cache.ts';
import { withZoneName, withZoneNumber } from './zones.ts';

describe('AddressCache', () => {
  it('writes addresses as the socket wants them', () => {
    const addresses = new Uint8Array(2 * ADDRESS_BYTES);
    addresses.set(packAddress('192.0.2.7', 4_000));
    addresses.set(packAddress('2001:db8::1', 5_000), ADDRESS_BYTES);
    const both = new AddressCache(true);
    expect(both.unpack(addresses, 0)).toMatchObject({ address: '::ffff:192.0.2.7', port: 4_000 });
    expect(both.unpack(addresses, ADDRESS_BYTES)).toMatchObject({ address: '2001:db8::1', port: 5_000 });
    expect(new AddressCache(false).unpack(addresses, 0)).toMatchObject({ address: '192.0.2.7', port: 4_000 });
  });

  it('remembers what it translated, both ways', () => {
    const cache = new AddressCache(true);
    const record = cache.pack('::ffff:192.0.2.7', 4_000);
    expect(record).toEqual(packAddress('192.0.2.7', 4_000));
    expect(cache.pack('::ffff:192.0.2.7', 4_000)).toBe(record);
    expect(cache.unpack(record, 0)).toBe(cache.unpack(record.slice(), 0));
  });

  it('is right about more addresses than it has places for, and about those that change', () => {
    const cache = new AddressCache(false);
    const record = new Uint8Array(ADDRESS_BYTES);
    for (let pass = 0; pass < 2; pass += 1) {
      for (let at = 0; at < 20_000; at += 1) {
        const address = `10.0.${at >> 8}.${at & 0xff}`;
        record.set(cache.pack(address, 1_000 + at));
        expect(cache.unpack(record, 0)).toMatchObject({ address, port: 1_000 + at });
      }
    }
  });
});

describe('zones', () => {
  const link = { address: 'fe80::1', family: 'IPv6', scopeid: 2 };
  const plain = { address: '192.0.2.1', family: 'IPv4' };
  const interfaces = { lo: [plain], eth0: [plain, link] } as unknown as ReturnType<typeof networkInterfaces>;

  it('turn from names to numbers and back', () => {
    expect(withZoneNumber('fe80::5%eth0', interfaces)).toBe('fe80::5%2');
    expect(withZoneName('fe80::5%2', interfaces)).toBe('fe80::5%eth0');
  });

  it('are left as they are, or out where no interface has them', () => {
    for (const address of ['192.0.2.1', '2001:db8::1']) {
      expect(withZoneNumber(address, interfaces)).toBe(address);
      expect(withZoneName(address, interfaces)).toBe(address);
    }
    expect(withZoneNumber('fe80::5%7', interfaces)).toBe('fe80::5%7');
    expect(withZoneNumber('fe80::5%lo', interfaces)).toBe('fe80::5');
    expect(withZoneNumber('fe80::5%gone', interfaces)).toBe('fe80::5');
    expect(withZoneName('fe80::5%9', interfaces)).toBe('fe80::5');
  });
});
