import { networkInterfaces } from 'node:os';

type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * An IPv6 address with the number of its zone (RFC 4007) for its name: `fe80::1%2` for `fe80::1%eth0`.
 *
 * @returns the address without a zone where no interface of the machine has that name
 */
export function withZoneNumber(address: string, interfaces?: Interfaces): string {
  const [host = '', zone] = address.split('%');
  if (zone === undefined || /^\d+$/.test(zone)) return address;
  const found = (interfaces ?? networkInterfaces())[zone]?.find(
    (entry) => entry.family === 'IPv6' && (entry.scopeid ?? 0) > 0,
  );
  return found?.family === 'IPv6' ? `${host}%${found.scopeid}` : host;
}

/** The reverse: Node's sockets want the name. The address without a zone where no interface has that number. */
export function withZoneName(address: string, interfaces?: Interfaces): string {
  const [host = '', zone] = address.split('%');
  if (zone === undefined) return address;
  for (const [name, entries] of Object.entries(interfaces ?? networkInterfaces())) {
    if (entries?.some((entry) => entry.family === 'IPv6' && entry.scopeid === Number(zone)))
      return `${host}%${name}`;
  }
  return host;
}
