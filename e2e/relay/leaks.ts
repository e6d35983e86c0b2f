import type { Row } from '../../bench/report.ts';
import { ACCOUNT } from './admin-client.ts';

/** In every name, reason and password that the checks give. */
const MARKERS = ['Marker-', ACCOUNT.name, ACCOUNT.password];

/** What looks like an address of a machine; times have colons, too, but never three, nor two in a row. */
const ADDRESSES = [/\b\d{1,3}(\.\d{1,3}){3}\b/, /::[0-9a-f]/i, /([0-9a-f]{1,4}:){3}/i];

/**
 * Searches everything that the programs of a run wrote for what must not be in it.
 *
 * @param secrets what members were known by
 */
export function findLeaks(wrote: string, secrets: readonly string[]): Row {
  const lines = wrote.split('\n');
  const forbidden = [...MARKERS, ...secrets];
  const leaks = lines.filter(
    (line) =>
      forbidden.some((text) => line.includes(text)) || ADDRESSES.some((address) => address.test(line)),
  );
  // A search of nothing finds nothing.
  const ok = leaks.length === 0 && lines.length > 1;
  return {
    check: 'no name, password, token, identity or address in what it wrote',
    ok,
    lines: lines.length,
    leaks: leaks.length,
    ...(leaks.length === 0 ? {} : { first: leaks[0]?.slice(0, 300) ?? '' }),
  };
}
