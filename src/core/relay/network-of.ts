import { packAddress, unpackAddress } from './packed-address.ts';

/** Of 128 bits of IPv6 address, those that name the network: 64 belong to whoever has one (RFC 4291, section 2.5.4). */
const NETWORK_BYTES = 8;
const IPV6_BYTES = 16;

/**
 * Whom a limit per address means: everything that counts addresses counts by this. An IPv4 address stands for itself;
 * of an IPv6 address the /64, because its owner has all the addresses in it (RFC 6177) and takes another in a moment.
 * Link-local addresses stand for themselves: there the /64 is everybody on the wire.
 *
 * @param address as a socket told it, with or without a zone, IPv4 mapped or not; what has no colon is taken as it is
 * @returns a key; for an IPv6 network its first address
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  // Zones have names on some systems; which interface it was tells nothing about whom it was.
  const [host = ''] = address.split('%');
  const record = packAddress(host, 0);
  const plain = unpackAddress(record).address;
  const isLinkLocal = record[0] === 0xfe && ((record[1] ?? 0) & 0xc0) === 0x80;
  if (isLinkLocal || !plain.includes(':')) return plain;
  return unpackAddress(record.fill(0, NETWORK_BYTES, IPV6_BYTES)).address;
}
