import { isIP, SocketAddress } from 'node:net';

/** Where bots go when no address is named. */
export const LOOPBACK = '127.0.0.1';

export type Reach =
  | { readonly ok: true; readonly address: string }
  | { readonly ok: false; readonly sentence: string };

/**
 * The address that bots may go to: loopback, or one that this very machine has, which is the relay's own then. Bots
 * are a load that nobody else asked for, so there is no other.
 *
 * @param own addresses of this machine's interfaces
 */
export function reachOf(address: string | null, own: readonly string[]): Reach {
  if (address === null) return { ok: true, address: LOOPBACK };
  // A scoped address (fe80::1%eth0) names its interface; the interfaces themselves are listed without.
  const [plain = '', scope] = address.split('%');
  if (isIP(plain) === 0)
    return { ok: false, sentence: 'Write an address as numbers, like 192.0.2.7 or 2001:db8::7.' };
  const wanted = canonical(plain);
  if (own.some((candidate) => canonical(candidate.split('%')[0] ?? '') === wanted))
    return { ok: true, address: scope === undefined ? wanted : `${wanted}%${scope}` };
  return {
    ok: false,
    sentence:
      'Bots go only to this relay itself: name an address that this machine has, or none for loopback.',
  };
}

/** One spelling for each address. */
function canonical(address: string): string {
  const family = isIP(address);
  if (family === 0) return address;
  return new SocketAddress({ address, family: family === 6 ? 'ipv6' : 'ipv4' }).address;
}
