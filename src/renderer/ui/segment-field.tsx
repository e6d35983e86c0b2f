import { type ReactElement, useId } from 'react';

interface SegmentFieldProps<Value extends string> {
  readonly label: string;
  readonly hint: string;
  readonly value: Value;
  readonly choices: readonly { readonly value: Value; readonly label: string }[];
  readonly onChange: (value: Value) => void;
  /** Begins the test ids of the choices. */
  readonly testId: string;
}

/** A choice of few, all of them seen at once. */
export function SegmentField<Value extends string>(props: SegmentFieldProps<Value>): ReactElement {
  const id = useId();
  return (
    <fieldset className="field" aria-describedby={`${id}-hint`}>
      <legend className="field-label">{props.label}</legend>
      <div className="segments">
        {props.choices.map((choice) => (
          <label key={choice.value} className="segment">
            <input
              type="radio"
              name={id}
              className="visually-hidden"
              value={choice.value}
              checked={choice.value === props.value}
              data-testid={`${props.testId}-${choice.value}`}
              onChange={() => props.onChange(choice.value)}
            />
            {choice.label}
          </label>
        ))}
      </div>
      <p className="field-hint" id={`${id}-hint`}>
        {props.hint}
      </p>
    </fieldset>
  );
}
