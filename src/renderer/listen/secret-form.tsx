import { type ReactElement, useState } from 'react';
import { TextField } from '../ui/field.tsx';

interface SecretFormProps {
  /** Why the last one did not do; empty: there was none. */
  readonly trouble: string;
  readonly onEnter: (secret: string) => void;
}

/** Asks for the password of the channel, or the key out of its link. */
export function SecretForm({ trouble, onEnter }: SecretFormProps): ReactElement {
  const [secret, setSecret] = useState('');
  return (
    <form
      className="listen-secret"
      onSubmit={(event) => {
        event.preventDefault();
        if (secret !== '') onEnter(secret);
      }}
    >
      <TextField
        label="Password"
        value={secret}
        onChange={setSecret}
        testId="secret"
        secret
        autoComplete="current-password"
        maxLength={256}
        error={trouble}
      />
      <button type="submit" className="button" data-kind="primary" data-testid="enter">
        Listen
      </button>
    </form>
  );
}
