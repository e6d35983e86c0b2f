import type { ReactElement } from 'react';
import './charts.css';

interface TileProps {
  readonly label: string;
  readonly value: string;
  /** What it means, in a sentence. */
  readonly hint: string;
  readonly testId: string;
  readonly tone?: 'bad' | undefined;
}

/** One figure, with its name and what it means. */
export function Tile({ label, value, hint, testId, tone }: TileProps): ReactElement {
  return (
    <div className="tile" data-testid={testId} data-tone={tone ?? ''}>
      <dt className="engraved">{label}</dt>
      <dd className="tile-value reading">{value}</dd>
      <dd className="tile-hint">{hint}</dd>
    </div>
  );
}
