import { type ChangeEvent, type ReactElement, type ReactNode, type Ref, useId } from 'react';
import { Icon } from './icons.tsx';

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly testId: string;
  readonly hint?: string;
  /** A sentence; empty while all is well. Announced when it appears. */
  readonly error?: string;
  readonly placeholder?: string;
  readonly maxLength?: number;
  readonly numeric?: boolean;
  readonly inputRef?: Ref<HTMLInputElement>;
  /** A button at the end of the box. */
  readonly action?: ReactNode;
}

/** A labelled text box with room for a hint and for what is wrong with it. */
export function TextField(props: TextFieldProps): ReactElement {
  const id = useId();
  const error = props.error ?? '';
  const described = [props.hint === undefined ? '' : `${id}-hint`, error === '' ? '' : `${id}-error`]
    .filter((part) => part !== '')
    .join(' ');
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {props.label}
      </label>
      <div className="field-row">
        <input
          id={id}
          className="input"
          type="text"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          value={props.value}
          data-testid={props.testId}
          aria-invalid={error !== ''}
          onChange={(event: ChangeEvent<HTMLInputElement>) => props.onChange(event.target.value)}
          {...(props.numeric === true ? { inputMode: 'numeric' as const } : {})}
          {...(described === '' ? {} : { 'aria-describedby': described })}
          {...(props.placeholder === undefined ? {} : { placeholder: props.placeholder })}
          {...(props.maxLength === undefined ? {} : { maxLength: props.maxLength })}
          {...(props.inputRef === undefined ? {} : { ref: props.inputRef })}
        />
        {props.action}
      </div>
      {props.hint === undefined ? null : (
        <p className="field-hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
      <FieldError id={`${id}-error`} testId={`${props.testId}-error`} sentence={error} />
    </div>
  );
}

interface FieldErrorProps {
  readonly sentence: string;
  readonly testId: string;
  readonly id?: string;
}

/** What is wrong, beside where it is wrong; a live region that stays, so that it is announced when it fills. */
export function FieldError({ sentence, testId, id }: FieldErrorProps): ReactElement {
  return (
    <p
      className="field-error"
      aria-live="assertive"
      data-testid={testId}
      {...(id === undefined ? {} : { id })}
    >
      {sentence === '' ? null : (
        <>
          <Icon name="warning" size={16} />
          <span>{sentence}</span>
        </>
      )}
    </p>
  );
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
  readonly testId: string;
  readonly describedBy?: string;
}

/** A labelled choice of one. */
export function SelectField(props: SelectFieldProps): ReactElement {
  const id = useId();
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {props.label}
      </label>
      <span className="select-frame">
        <select
          id={id}
          className="select"
          value={props.value}
          data-testid={props.testId}
          onChange={(event) => props.onChange(event.target.value)}
          {...(props.describedBy === undefined ? {} : { 'aria-describedby': props.describedBy })}
        >
          {props.choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
        <Icon name="chevron" />
      </span>
    </div>
  );
}
