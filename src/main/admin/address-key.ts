import { isIPv6 } from 'node:net';

/** An IPv4 address as an IPv6 socket shows it (RFC 4291, section 2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Groups of an IPv6 address that one household or server usually has to itself: the first 64 bits. */
const NETWORK_GROUPS = 4;

const ALL_GROUPS = 8;

/** The address without what only this machine's sockets add to it: IPv4 in IPv6, and the zone. */
export function bareAddress(address: string): string {
  const inner = MAPPED.exec(address)?.[1];
  return inner ?? address.replace(/%.*$/, '').toLowerCase();
}

/**
 * What limits are counted by: an IPv4 address, or the /64 an IPv6 address lies in, whose owner has all of them.
 */
export function addressKey(address: string): string {
  const bare = bareAddress(address);
  if (!isIPv6(bare)) return bare;
  const [head = '', tail] = bare.split('::');
  const before = head === '' ? [] : head.split(':');
  // Dotted quads at the end stand for two groups, which lie outside the network half unless nearly all before are zero.
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const given = before.length + after.length + (bare.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? 0 : ALL_GROUPS - given;
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  const bare = bareAddress(address);
  return /^127(\.\d{1,3}){3}$/.test(bare) || bare === '::1';
}
