import type { ReactElement } from 'react';
import { MAX_ACCOUNT_PASSWORD_LENGTH } from '../../../contract/admin.ts';
import { TextField } from '../../ui/field.tsx';
import { PASSWORD_HINT } from './account-words.ts';

/** A password that is chosen, typed twice. */
export interface PasswordPair {
  readonly first: string;
  readonly again: string;
}

interface NewPasswordFieldsProps {
  readonly pair: PasswordPair;
  readonly onChange: (pair: PasswordPair) => void;
  /** Begins the test ids. */
  readonly testId: string;
  readonly hint?: string;
}

export function NewPasswordFields({ pair, onChange, testId, hint }: NewPasswordFieldsProps): ReactElement {
  return (
    <>
      <TextField
        label="Password"
        value={pair.first}
        onChange={(first) => onChange({ ...pair, first })}
        testId={`${testId}-password`}
        maxLength={MAX_ACCOUNT_PASSWORD_LENGTH}
        secret
        hint={hint ?? PASSWORD_HINT}
      />
      <TextField
        label="The password once more"
        value={pair.again}
        onChange={(again) => onChange({ ...pair, again })}
        testId={`${testId}-again`}
        maxLength={MAX_ACCOUNT_PASSWORD_LENGTH}
        secret
      />
    </>
  );
}
