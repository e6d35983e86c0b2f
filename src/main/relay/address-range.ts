import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { MAX_BANS } from '../../core/wire/control.ts';

/** An IPv4 address as an IPv6 socket shows it (RFC 4291, section 2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** The address as people write it: IPv4 without the IPv6 prefix that a socket for both shows. */
export function plainAddress(address: string): string {
  const inner = MAPPED.exec(address)?.[1];
  return inner !== undefined && isIPv4(inner) ? inner : address;
}

interface Range {
  readonly network: string;
  readonly prefixBits: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parseRange(text: string): Range | null {
  const [network = '', bits = '', ...rest] = text.split('/');
  // A zone belongs to one machine's interface; a mapped IPv4 address never meets one that was made plain.
  if (rest.length > 0 || network.includes('%') || MAPPED.test(network) || !/^\d{1,3}$/.test(bits))
    return null;
  const version = isIP(network);
  const prefixBits = Number(bits);
  if (version === 0 || prefixBits > (version === 4 ? 32 : 128)) return null;
  return { network, prefixBits, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** CIDR notation (RFC 4632, RFC 4291 section 2.3), of either address family. */
export function isRange(text: string): boolean {
  return parseRange(text) !== null;
}

/** Compares addresses with ranges, each of which is read once: every newcomer is compared with every ban. */
export class AddressRanges {
  readonly #lists = new Map<string, BlockList | null>();

  /** False as well when one of both is not what it should be, or they are of different families. */
  includes(address: string, range: string): boolean {
    const list = this.#listOf(range);
    const plain = plainAddress(address);
    // `check` finds IPv4 addresses in IPv6 ranges that map them; families are kept apart here.
    const family = isIPv4(plain) ? 'ipv4' : isIPv6(plain) ? 'ipv6' : null;
    if (list === null || family === null || (family === 'ipv6') !== range.includes(':')) return false;
    return list.check(plain, family);
  }

  #listOf(range: string): BlockList | null {
    const known = this.#lists.get(range);
    if (known !== undefined) return known;
    // Ranges of bans that were lifted stay until there are too many.
    if (this.#lists.size >= 2 * MAX_BANS) this.#lists.clear();
    const parsed = parseRange(range);
    const list = parsed === null ? null : new BlockList();
    if (parsed !== null) list?.addSubnet(parsed.network, parsed.prefixBits, parsed.family);
    this.#lists.set(range, list);
    return list;
  }
}
