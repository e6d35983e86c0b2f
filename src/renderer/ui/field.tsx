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
  /** What is typed is not shown. */
  readonly secret?: boolean;
  /** What the browser may fill in; else nothing, and a new password for what is secret. */
  readonly autoComplete?: 'username' | 'current-password';
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
          type={props.secret === true ? 'password' : 'text'}
          autoComplete={props.autoComplete ?? (props.secret === true ? 'new-password' : 'off')}
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

interface AreaFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly testId: string;
  readonly maxLength: number;
}

/** A labelled box for a text of several lines. */
export function AreaField(props: AreaFieldProps): ReactElement {
  const id = useId();
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {props.label}
      </label>
      <textarea
        id={id}
        className="input area reading"
        rows={4}
        spellCheck={false}
        value={props.value}
        maxLength={props.maxLength}
        data-testid={props.testId}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </div>
  );
}

interface SwitchFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
  readonly testId: string;
}

/** Something that is on or off, with a sentence about what that means. */
export function SwitchField(props: SwitchFieldProps): ReactElement {
  return (
    <label className="switch">
      <span className="switch-text">
        <span className="field-label">{props.label}</span>
        <span className="field-hint">{props.hint}</span>
      </span>
      <input
        type="checkbox"
        role="switch"
        data-testid={props.testId}
        checked={props.on}
        aria-checked={props.on}
        onChange={(event) => props.onChange(event.target.checked)}
      />
    </label>
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
  /** A sentence about what the choice means. */
  readonly hint?: string;
}

/** A labelled choice of one. */
export function SelectField(props: SelectFieldProps): ReactElement {
  const id = useId();
  const described = `${props.describedBy ?? ''} ${props.hint === undefined ? '' : `${id}-hint`}`.trim();
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
          {...(described === '' ? {} : { 'aria-describedby': described })}
        >
          {props.choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
        <Icon name="chevron" />
      </span>
      {props.hint === undefined ? null : (
        <p className="field-hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
    </div>
  );
}
