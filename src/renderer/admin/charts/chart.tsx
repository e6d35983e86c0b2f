import { type ReactElement, useEffect, useId, useRef } from 'react';
import UPlot from 'uplot';
import { useWidth } from '../../ui/use-width.ts';
import { type ChartSeries, chartText, newestRows } from './chart-words.ts';
import { chartColors, useAppearance } from './theme-colors.ts';
import 'uplot/dist/uPlot.min.css';
import './charts.css';

interface ChartProps {
  readonly title: string;
  /** In seconds, rising, one for every figure. */
  readonly times: readonly number[];
  /** Three at the most: there are as many colours and strokes. */
  readonly series: readonly ChartSeries[];
  readonly timeText: (seconds: number) => string;
  readonly valueText: (value: number) => string;
  /** Only whole numbers stand at the side: what is counted has no halves. */
  readonly whole?: boolean;
  readonly testId: string;
  /** The scale reaches so far at least, so that noise does not look like a mountain. */
  readonly atLeast: number;
}

/** Height of the plot, in CSS pixels. */
const HEIGHT_PX = 150;

/** Strokes besides colours: who cannot tell the colours can tell these. */
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3]];

/** Steps of a scale that counts: 1, 2 and 5 of every power of ten that there are packets. */
const WHOLE_STEPS = Array.from({ length: 8 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat();

const AXIS_FONT = '11px system-ui, sans-serif';

function optionsOf(
  place: HTMLElement,
  props: Pick<ChartProps, 'series' | 'timeText' | 'valueText' | 'atLeast' | 'whole'>,
): UPlot.Options {
  const colors = chartColors(place);
  const axis = {
    font: AXIS_FONT,
    stroke: colors.text,
    grid: { stroke: colors.grid, width: 1 },
    ticks: { stroke: colors.grid, width: 1, size: 4 },
  };
  return {
    width: place.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false },
      y: { range: (_plot, _low, high) => [0, Math.max(props.atLeast, (high ?? 0) * 1.1)] },
    },
    axes: [
      { ...axis, size: 26, space: 90, values: (_plot, at) => at.map(props.timeText) },
      {
        ...axis,
        size: 74,
        space: 32,
        values: (_plot, at) => at.map(props.valueText),
        ...(props.whole === true ? { incrs: WHOLE_STEPS } : {}),
      },
    ],
    series: [
      {},
      ...props.series.map(({ label }, index) => ({
        label,
        stroke: colors.lines[index] ?? colors.text,
        width: 2,
        dash: [...(DASHES[index] ?? [])],
        points: { show: false },
      })),
    ],
  };
}

function dataOf(times: readonly number[], series: readonly ChartSeries[]): UPlot.AlignedData {
  return [[...times], ...series.map((line) => [...line.values])];
}

/** A chart over time, with what it shows in words and, when asked, as a table. */
export function Chart(props: ChartProps): ReactElement {
  const { title, times, series, timeText, valueText, testId } = props;
  const [place, width] = useWidth<HTMLDivElement>();
  const plot = useRef<UPlot | null>(null);
  const appearance = useAppearance();
  const latest = useRef(props);
  latest.current = props;
  const id = useId();
  const labels = series.map((line) => line.label).join('\n');
  const drawn = width > 0;
  useEffect(() => {
    // Everything that a plot is made with stands in these; figures and widths are given to the one there is.
    const made = { appearance, labels, drawn };
    if (place.current === null || !made.drawn) return;
    const { times: at, series: lines } = latest.current;
    const now = new UPlot(optionsOf(place.current, latest.current), dataOf(at, lines), place.current);
    plot.current = now;
    return () => {
      plot.current = null;
      now.destroy();
    };
  }, [place, appearance, labels, drawn]);
  useEffect(() => {
    plot.current?.setData(dataOf(times, series));
  }, [times, series]);
  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height: HEIGHT_PX });
  }, [width]);
  return (
    <figure className="chart panel" data-testid={testId} aria-labelledby={id}>
      <figcaption className="chart-head" id={id}>
        <span className="chart-title">{title}</span>
        <span className="chart-keys">
          {series.map(({ label, values }, index) => {
            const now = values.at(-1) ?? null;
            return (
              <span key={label} className="chart-key" data-line={index}>
                {label}
                <span className="reading chart-now">{now === null ? '–' : valueText(now)}</span>
              </span>
            );
          })}
        </span>
      </figcaption>
      <div
        ref={place}
        className="chart-plot"
        role="img"
        aria-label={chartText(title, series, valueText)}
        data-points={times.length}
      />
      <ChartTable times={times} series={series} timeText={timeText} valueText={valueText} title={title} />
    </figure>
  );
}

function ChartTable(
  props: Pick<ChartProps, 'title' | 'times' | 'series' | 'timeText' | 'valueText'>,
): ReactElement {
  const { title, times, series, timeText, valueText } = props;
  return (
    <details className="chart-table">
      <summary>
        As a table<span className="visually-hidden">: {title}</span>
      </summary>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map((line) => (
              <th key={line.label} scope="col">
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newestRows(times, series).map((row) => (
            <tr key={row.time}>
              <th scope="row" className="reading">
                {timeText(row.time)}
              </th>
              {row.values.map((value, index) => (
                <td key={series[index]?.label} className="reading">
                  {value === null ? '–' : valueText(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
