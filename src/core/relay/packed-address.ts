import { assert } from '../base/assert.ts';
import { readU32, writeU32 } from '../wire/big-endian.ts';

/**
 * Length of one packed address, in bytes: 16 of IPv6 address (IPv4 mapped, RFC 4291 section 2.5.5.2), 4 of zone index
 * (RFC 4007), 2 of port, all big-endian, and 2 zeros that round the record up to whole words.
 */
export const ADDRESS_BYTES = 24;

const IPV6_BYTES = 16;
const IPV6_GROUPS = 8;
const ZONE_OFFSET = IPV6_BYTES;
const PORT_OFFSET = ZONE_OFFSET + 4;
/** Where the IPv4 address begins in an IPv6 address that maps one. */
const MAPPED_OFFSET = 12;
const MAX_U16 = 0xffff;

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;
const ZONE = /^\d{1,10}$/;

/** An address and a port as people and sockets write them. */
export interface PlainAddress {
  /** IPv4 in dotted form, also where an IPv6 socket showed it mapped; IPv6 after RFC 5952, `%` and the zone index last. */
  readonly address: string;
  readonly port: number;
}

/**
 * Packs an address for the voice path, which keeps addresses in one array per channel. One address has one record,
 * however it was written: records can be compared byte by byte.
 *
 * @param address IPv4 in dotted form, or IPv6 (RFC 4291 section 2.2, IPv4 at the end allowed) with an optional `%` and
 *   decimal zone index
 * @returns ADDRESS_BYTES, the caller's own
 * @throws when it is no address: only what sockets told comes here
 */
export function packAddress(address: string, port: number): Uint8Array {
  assert(Number.isInteger(port) && port >= 0 && port <= MAX_U16, 'a port has 16 bits');
  const record = new Uint8Array(ADDRESS_BYTES);
  const [host = '', zone, ...rest] = address.split('%');
  assert(rest.length === 0, 'an address has one zone');
  if (IPV4.test(host)) {
    assert(zone === undefined, 'IPv4 has no zones');
    record.fill(0xff, MAPPED_OFFSET - 2, MAPPED_OFFSET);
    writeIPv4(host, record, MAPPED_OFFSET);
  } else {
    writeIPv6(host, record);
  }
  if (zone !== undefined) {
    assert(ZONE.test(zone) && Number(zone) <= 0xffff_ffff, 'a zone index has 32 bits');
    writeU32(record, ZONE_OFFSET, Number(zone));
  }
  record[PORT_OFFSET] = port >>> 8;
  record[PORT_OFFSET + 1] = port;
  return record;
}

/** What a packed record says. Not for the path of each datagram: it makes text. */
export function unpackAddress(record: Uint8Array): PlainAddress {
  assert(record.length === ADDRESS_BYTES, 'a packed address has 24 bytes');
  const zone = readU32(record, ZONE_OFFSET);
  const suffix = zone === 0 ? '' : `%${zone}`;
  const port = ((record[PORT_OFFSET] ?? 0) << 8) | (record[PORT_OFFSET + 1] ?? 0);
  if (!isMapped(record)) return { address: writtenIPv6(record) + suffix, port };
  const ipv4 = record.subarray(MAPPED_OFFSET, IPV6_BYTES).join('.');
  return { address: zone === 0 ? ipv4 : `::ffff:${ipv4}${suffix}`, port };
}

/** Whom a fan-out reaches, unpacked: for what keeps a record of it or sends one by one. */
export function recipientsOf(addresses: Uint8Array, count: number, skip: number): PlainAddress[] {
  const recipients: PlainAddress[] = [];
  for (let at = 0; at < count; at += 1) {
    const record = addresses.subarray(at * ADDRESS_BYTES, (at + 1) * ADDRESS_BYTES);
    if (at !== skip) recipients.push(unpackAddress(record));
  }
  return recipients;
}

/** True when both records name the same address and port. Allocates nothing. */
export function sameAddress(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < ADDRESS_BYTES; at += 1) if (a[at] !== b[at]) return false;
  return true;
}

function writeIPv4(text: string, record: Uint8Array, offset: number): void {
  const parts = IPV4.exec(text);
  assert(parts !== null, 'an IPv4 address has four numbers');
  for (let at = 0; at < 4; at += 1) {
    const part = parts[at + 1] ?? '';
    // A leading zero means octal to some: nobody's socket writes one.
    assert(String(Number(part)) === part && Number(part) <= 0xff, 'an IPv4 address has four bytes');
    record[offset + at] = Number(part);
  }
}

function writeIPv6(text: string, record: Uint8Array): void {
  const halves = text.split('::');
  assert(halves.length <= 2, 'zeros are left out once');
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 1 ? [] : groupsOf(halves[1] ?? '', true);
  const written = head.length + tail.length;
  assert(halves.length === 1 ? written === IPV6_GROUPS : written < IPV6_GROUPS, 'IPv6 has eight groups');
  head.forEach((group, at) => {
    writeGroup(record, at, group);
  });
  tail.forEach((group, at) => {
    writeGroup(record, IPV6_GROUPS - tail.length + at, group);
  });
}

/** @param last whether the address ends here, where IPv4 may stand for two groups */
function groupsOf(text: string, last: boolean): number[] {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  parts.forEach((part, at) => {
    if (last && at === parts.length - 1 && part.includes('.')) {
      const ipv4 = new Uint8Array(4);
      writeIPv4(part, ipv4, 0);
      groups.push(readU32(ipv4, 0) >>> 16, readU32(ipv4, 0) & MAX_U16);
      return;
    }
    assert(GROUP.test(part), 'a group of IPv6 has up to four hexadecimal digits');
    groups.push(Number.parseInt(part, 16));
  });
  return groups;
}

function writeGroup(record: Uint8Array, at: number, group: number): void {
  record[2 * at] = group >>> 8;
  record[2 * at + 1] = group;
}

function isMapped(record: Uint8Array): boolean {
  for (let at = 0; at < MAPPED_OFFSET - 2; at += 1) if (record[at] !== 0) return false;
  return record[MAPPED_OFFSET - 2] === 0xff && record[MAPPED_OFFSET - 1] === 0xff;
}

/** RFC 5952: lower case, no leading zeros, the first of the longest runs of two or more zero groups left out. */
function writtenIPv6(record: Uint8Array): string {
  const groups: number[] = [];
  for (let at = 0; at < IPV6_BYTES; at += 2) groups.push(((record[at] ?? 0) << 8) | (record[at + 1] ?? 0));
  let runStart = 0;
  let runLength = 0;
  for (let start = 0; start < IPV6_GROUPS; start += 1) {
    let end = start;
    while (end < IPV6_GROUPS && groups[end] === 0) end += 1;
    if (end - start > runLength) {
      runStart = start;
      runLength = end - start;
    }
  }
  const written = groups.map((group) => group.toString(16));
  if (runLength < 2) return written.join(':');
  return `${written.slice(0, runStart).join(':')}::${written.slice(runStart + runLength).join(':')}`;
}
