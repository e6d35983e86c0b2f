import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** The address of this machine towards itself; of use for trying things out alone. */
export const LOOPBACK_ADDRESS = '127.0.0.1';

/**
 * Addresses of this machine that others may reach it by, best guess first: IPv4 before IPv6, link-local left out
 * (they need a zone that no link can carry), loopback last.
 */
export function reachableAddresses(): string[] {
  const found: string[] = [];
  for (const entries of Object.values(networkInterfaces())) {
    for (const entry of entries ?? []) {
      if (!entry.internal && !entry.address.toLowerCase().startsWith('fe80:')) found.push(entry.address);
    }
  }
  const ipv4 = found.filter((address) => !isIPv6(address));
  const ipv6 = found.filter((address) => isIPv6(address));
  return [...ipv4, ...ipv6, LOOPBACK_ADDRESS];
}
