import { type CSSProperties, type ReactElement, useEffect, useState } from 'react';

/** How long a slider trusts the hand over the program's answer, in ms: above a slow round trip. */
const DRAFT_MS = 600;

interface RangeProps {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly value: number;
  readonly valueText: (value: number) => string;
  readonly onChange: (value: number) => void;
  readonly testId: string;
  readonly className?: string;
  /** Where a double click puts it back to. */
  readonly restValue?: number;
}

/**
 * A slider that follows the hand at once and the program soon after.
 *
 * Values travel to the program and come back with the next state; without a draft the thumb would jump back
 * between the two.
 */
export function Range(props: RangeProps): ReactElement {
  const [draft, setDraft] = useState<number | null>(null);
  useEffect(() => {
    if (draft === null) return;
    const timer = setTimeout(() => setDraft(null), DRAFT_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  const value = draft ?? props.value;
  const change = (next: number): void => {
    setDraft(next);
    props.onChange(next);
  };
  const filled = `${((value - props.min) / (props.max - props.min)) * 100}%`;
  const { restValue } = props;
  return (
    <input
      type="range"
      className={props.className ?? 'range'}
      style={{ '--filled': filled } as CSSProperties}
      min={props.min}
      max={props.max}
      step={props.step}
      value={value}
      aria-label={props.label}
      aria-valuetext={props.valueText(value)}
      data-testid={props.testId}
      onChange={(event) => change(event.target.valueAsNumber)}
      {...(restValue === undefined ? {} : { onDoubleClick: () => change(restValue) })}
    />
  );
}
