import type { Stats } from '../../../contract/dto.ts';

/** Counters of one place, ready to be listed. */
export interface StatGroup {
  readonly name: string;
  readonly rows: readonly { readonly name: string; readonly value: string }[];
}

/** A counter for people: whole numbers in groups of three, others with at most two decimals. */
export function statText(value: number): string {
  if (!Number.isFinite(value)) return 'none';
  return value.toLocaleString('en-GB', { maximumFractionDigits: 2 });
}

/** "lateFrames" as "late frames", "pingMs" as "ping ms"; names with dots keep them. */
export function statName(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/gu, (_match, before: string, after: string) => {
    return `${before} ${after.toLowerCase()}`;
  });
}

/** All groups in the order of their names, each with its counters in theirs. */
export function statGroups(stats: Stats): readonly StatGroup[] {
  const byName = (a: readonly [string, unknown], b: readonly [string, unknown]): number =>
    a[0].localeCompare(b[0], 'en', { numeric: true });
  return Object.entries(stats)
    .sort(byName)
    .map(([name, counters]) => ({
      name: statName(name),
      rows: Object.entries(counters)
        .sort(byName)
        .map(([counter, value]) => ({ name: statName(counter), value: statText(value) })),
    }));
}
