import type { ReactElement } from 'react';
import { Range } from './range.tsx';

interface RangeFieldProps {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly value: number;
  readonly valueText: (value: number) => string;
  readonly onChange: (value: number) => void;
  readonly testId: string;
  /** A sentence about what it does. */
  readonly hint?: string;
  /** Where a double click puts it back to. */
  readonly restValue?: number;
}

/** A slider with its name and its value above it. */
export function RangeField({ hint, ...range }: RangeFieldProps): ReactElement {
  return (
    <div className="range-field">
      {/* The slider says both by itself. */}
      <span className="field-label" aria-hidden="true">
        {range.label}
      </span>
      <span className="reading range-value" aria-hidden="true">
        {range.valueText(range.value)}
      </span>
      <Range {...range} />
      {hint === undefined ? null : <p className="field-hint">{hint}</p>}
    </div>
  );
}
