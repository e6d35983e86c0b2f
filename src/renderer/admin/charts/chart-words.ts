/** A line of a chart; null where there is no figure. */
export interface ChartSeries {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

/** What one line comes to, for those who do not see it. */
export interface SeriesSummary {
  readonly now: number | null;
  readonly lowest: number;
  readonly highest: number;
}

/** The last, the lowest and the highest figure of a line; null where it has none. */
export function summaryOf(values: readonly (number | null)[]): SeriesSummary | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return { now: values.at(-1) ?? null, lowest: Math.min(...known), highest: Math.max(...known) };
}

/** A chart in words: what an eye would take from it. */
export function chartText(
  title: string,
  series: readonly ChartSeries[],
  valueText: (value: number) => string,
): string {
  const parts = series.flatMap(({ label, values }) => {
    const summary = summaryOf(values);
    if (summary === null) return [];
    const now = summary.now === null ? 'nothing' : valueText(summary.now);
    return [
      `${label}: now ${now}, lowest ${valueText(summary.lowest)}, highest ${valueText(summary.highest)}.`,
    ];
  });
  return parts.length === 0 ? `${title}: no figures yet.` : `${title}. ${parts.join(' ')}`;
}

/** Rows of the table that a chart can be read as. */
export const TABLE_ROWS = 10;

/** The newest points of a chart, the newest first. */
export function newestRows(
  times: readonly number[],
  series: readonly ChartSeries[],
): { readonly time: number; readonly values: readonly (number | null)[] }[] {
  return times
    .map((time, index) => ({ time, values: series.map((line) => line.values[index] ?? null) }))
    .slice(-TABLE_ROWS)
    .reverse();
}
