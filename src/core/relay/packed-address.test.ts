import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADDRESS_BYTES, packAddress, sameAddress, unpackAddress } from './packed-address.ts';

const hex = (record: Uint8Array): string => Buffer.from(record).toString('hex');
const port = fc.integer({ min: 0, max: 65_535 });
const zone = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff_ffff }));
/** Addresses with many zeros, so that runs of them meet. */
const ipv6Bytes = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.flatMap((group) => [group >>> 8, group & 0xff]));

describe('packAddress', () => {
  it.each([
    ['192.0.2.1', 48_480, '00000000000000000000ffffc000020100000000bd600000'],
    ['::ffff:192.0.2.1', 48_480, '00000000000000000000ffffc000020100000000bd600000'],
    ['::FFFF:c000:0201', 48_480, '00000000000000000000ffffc000020100000000bd600000'],
    ['::', 0, '000000000000000000000000000000000000000000000000'],
    ['::1', 1, '000000000000000000000000000000010000000000010000'],
    ['2001:db8::', 256, '20010db80000000000000000000000000000000001000000'],
    ['2001:DB8:0:0:1:2:3:4', 65_535, '20010db800000000000100020003000400000000ffff0000'],
    ['fe80::1%3', 9, 'fe8000000000000000000000000000010000000300090000'],
    ['fe80::1%4294967295', 9, 'fe800000000000000000000000000001ffffffff00090000'],
    ['64:ff9b::192.0.2.33', 9, '0064ff9b0000000000000000c00002210000000000090000'],
    ['1:2:3:4:5:6:192.0.2.33', 9, '000100020003000400050006c00002210000000000090000'],
    ['1:2:3:4:5:6:7::', 9, '000100020003000400050006000700000000000000090000'],
  ])('packs %s and port %i', (address, port, record) => {
    expect(hex(packAddress(address, port))).toBe(record);
  });

  it.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4%1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '1::2::3',
    ':::',
    ':1',
    '1:',
    '12345::',
    'g::',
    '192.0.2.1::',
    '::192.0.2.1:1',
    '::1%',
    '::1%eth0',
    '::1%4294967296',
    '::1%1%2',
    ' ::1',
  ])('throws on "%s", which is none', (address) => {
    expect(() => packAddress(address, 1)).toThrow('broken invariant');
  });

  it.each([-1, 65_536, 1.5, Number.NaN])('throws on port %d', (port) => {
    expect(() => packAddress('::1', port)).toThrow('broken invariant');
  });
});

describe('unpackAddress', () => {
  it.each([
    // RFC 5952, sections 4.1 to 4.3.
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3%7', '::ffff:10.1.2.3%7'],
    ['fe80:0::1%12', 'fe80::1%12'],
  ])('writes %s as %s', (written, address) => {
    expect(unpackAddress(packAddress(written, 7))).toEqual({ address, port: 7 });
  });

  it('gives back what was packed, of IPv6', () => {
    fc.assert(
      fc.property(ipv6Bytes, zone, port, (bytes, zone, port) => {
        const record = new Uint8Array(ADDRESS_BYTES);
        record.set(bytes);
        new DataView(record.buffer).setUint32(16, zone);
        new DataView(record.buffer).setUint16(20, port);
        const unpacked = unpackAddress(record);
        // Node's own parser agrees that it is an address, unless it is a mapped one, written as IPv4.
        const mapped = hex(record).startsWith('00000000000000000000ffff');
        expect(isIPv6(unpacked.address)).toBe(!mapped || zone !== 0);
        expect(hex(packAddress(unpacked.address, unpacked.port))).toBe(hex(record));
      }),
    );
  });

  it('gives back what was packed, of IPv4', () => {
    fc.assert(
      fc.property(fc.ipV4(), port, (address, port) => {
        expect(unpackAddress(packAddress(address, port))).toEqual({ address, port });
        expect(sameAddress(packAddress(address, port), packAddress(`::ffff:${address}`, port))).toBe(true);
      }),
    );
  });

  it('gives back what others write', () => {
    fc.assert(
      fc.property(fc.ipV6(), port, (address, port) => {
        const record = packAddress(address, port);
        const again = unpackAddress(record);
        expect(sameAddress(packAddress(again.address, again.port), record)).toBe(true);
      }),
    );
  });
});

describe('sameAddress', () => {
  it('tells records apart that differ in one byte', () => {
    const record = packAddress('2001:db8::1%5', 48_480);
    expect(sameAddress(record, Uint8Array.from(record))).toBe(true);
    for (let at = 0; at < ADDRESS_BYTES; at += 1) {
      const other = Uint8Array.from(record);
      other[at] = (other[at] ?? 0) ^ 1;
      expect(sameAddress(record, other)).toBe(false);
    }
  });
});
