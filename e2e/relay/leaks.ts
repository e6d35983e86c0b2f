import type { Row } from '../../bench/report.ts';
import { ACCOUNT } from './admin-client.ts';

/** In every name, reason and password that the checks give. */
const MARKERS = ['Marker-', ACCOUNT.name, ACCOUNT.password];

/** What looks like an address of a machine; times have colons, too, but never two in a row. */
const ADDRESSES = [/\b\d{1,3}(\.\d{1,3}){3}\b/, /::[0-9a-f]/i, /\[[0-9a-f:]+\]/i];

/** Searches everything that the programs of a run wrote for what must not be in it. */
export function findLeaks(wrote: string): Row {
  const lines = wrote.split('\n');
  const leaks = lines.filter(
    (line) =>
      MARKERS.some((marker) => line.includes(marker)) || ADDRESSES.some((address) => address.test(line)),
  );
  // A search of nothing finds nothing.
  const ok = leaks.length === 0 && lines.length > 1;
  const found = leaks.length === 0 ? {} : { first: leaks[0]?.slice(0, 300) ?? '' };
  return {
    check: 'no name, password or address in what it wrote',
    ok,
    lines: lines.length,
    leaks: leaks.length,
    ...found,
  };
}
