import { type FormEvent, type ReactElement, type RefObject, useState } from 'react';
import { MAX_JOIN_TARGET_LENGTH } from '../../../contract/limits.ts';
import { TextField } from '../../ui/field.tsx';

interface JoinCardProps {
  readonly busy: boolean;
  readonly boxRef: RefObject<HTMLInputElement | null>;
  /** Answers with what is wrong, or with an empty text. */
  readonly onJoin: (target: string) => Promise<string>;
}

/** One box that takes whatever a friend sent. */
export function JoinCard({ busy, boxRef, onJoin }: JoinCardProps): ReactElement {
  const [target, setTarget] = useState('');
  const [error, setError] = useState('');
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (target.trim() === '') {
      setError('Paste the link that your friend sent you, or type an address.');
      return;
    }
    setError('');
    setError(await onJoin(target.trim()));
  };
  return (
    <form
      className="panel card"
      aria-labelledby="join-title"
      noValidate
      onSubmit={(event) => void submit(event)}
    >
      <h2 id="join-title">Join a room</h2>
      <TextField
        label="What your friend sent you"
        value={target}
        onChange={(text) => {
          setTarget(text);
          setError('');
        }}
        testId="join-target"
        placeholder="Link, host:port or name"
        maxLength={MAX_JOIN_TARGET_LENGTH}
        error={error}
        inputRef={boxRef}
        action={
          <button type="submit" className="button" data-kind="primary" data-testid="join" disabled={busy}>
            Join
          </button>
        }
      />
    </form>
  );
}
