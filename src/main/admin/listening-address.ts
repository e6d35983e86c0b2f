import { isIP } from 'node:net';
import { isLoopback } from './address-key.ts';
import { type AdminOptions, MIN_METRICS_TOKEN_LENGTH } from './admin-options.ts';
import { hostInUrl } from './host-check.ts';

type Place = Pick<
  AdminOptions,
  'host' | 'tls' | 'behindProxy' | 'proxyAddresses' | 'publicHosts' | 'metricsToken'
>;

/** A name as it stands in a Host header, without a port. */
const HOST_NAME = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

/** Bits of an address, by family. */
const ADDRESS_BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** An address, or a range of them in CIDR notation (RFC 4632). */
function isAddressOrRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const longest = ADDRESS_BITS[isIP(address)];
  if (longest === undefined || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest);
}

/** Why these options are no place for an admin server, in a sentence; null: they are. */
export function placeProblem(place: Place): string | null {
  const { host, tls, behindProxy, proxyAddresses, publicHosts, metricsToken } = place;
  if (isIP(host) === 0) {
    return `The admin server listens on an address of this machine: ${host} is none. Use 127.0.0.1 for this machine alone.`;
  }
  if (!isLoopback(host) && tls === null && !behindProxy) {
    return `The admin server does not listen on ${host} without TLS: passwords would travel in the clear. Give it a certificate, put a proxy with TLS before it and say so, or listen on 127.0.0.1.`;
  }
  const badProxy = proxyAddresses.find((address) => !isAddressOrRange(address));
  if (badProxy !== undefined) {
    return `${badProxy} is no address of a proxy. Write it like 203.0.113.7 or 2001:db8::/64.`;
  }
  const badHost = publicHosts.find(
    (name) => !HOST_NAME.test(name) && isIP(name.replace(/^\[|\]$/g, '')) === 0,
  );
  if (badHost !== undefined) {
    return `${badHost} is no name of a host. Write it without a scheme, a port or a path.`;
  }
  if (metricsToken !== null && metricsToken.length < MIN_METRICS_TOKEN_LENGTH) {
    return `The token for metrics is too short: take at least ${MIN_METRICS_TOKEN_LENGTH} characters.`;
  }
  return null;
}

/** Why a port could not be opened. */
export function listenSentence(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken on this machine. Stop what uses it, or choose another port for the admin server.`;
    case 'EACCES':
      return `This machine does not let the admin server use port ${port}. Choose one above 1023.`;
    case 'EADDRNOTAVAIL':
      return `${host} is no address of this machine.`;
    default:
      return `The admin server could not be started on ${hostInUrl(host)}, port ${port}.`;
  }
}

/** Where the dashboard is reached: by the first public name, else from this machine. Ends in a slash. */
export function dashboardUrl(place: Place, port: number): string {
  const scheme = place.tls === null && !place.behindProxy ? 'http' : 'https';
  const [publicHost] = place.publicHosts;
  if (publicHost !== undefined && place.behindProxy) return `${scheme}://${publicHost}/`;
  if (publicHost !== undefined) return `${scheme}://${publicHost}:${port}/`;
  const everywhere = place.host === '0.0.0.0' || place.host === '::';
  const host = everywhere ? '127.0.0.1' : hostInUrl(place.host);
  return `${place.tls === null ? 'http' : 'https'}://${host}:${port}/`;
}
