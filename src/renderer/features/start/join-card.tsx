import { type FormEvent, type ReactElement, type RefObject, useState } from 'react';
import { MAX_JOIN_TARGET_LENGTH, MAX_SECRET_TEXT_LENGTH } from '../../../contract/limits.ts';
import { TextField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';

interface JoinCardProps {
  readonly busy: boolean;
  readonly boxRef: RefObject<HTMLInputElement | null>;
  /** Answers with what is wrong, or with an empty text. */
  readonly onJoin: (target: string, password: string | null) => Promise<string>;
}

/** One box that takes whatever a friend sent. */
export function JoinCard({ busy, boxRef, onJoin }: JoinCardProps): ReactElement {
  const [target, setTarget] = useState('');
  const [error, setError] = useState('');
  const [asksPassword, setAsksPassword] = useState(false);
  const [password, setPassword] = useState('');
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (target.trim() === '') {
      setError('Paste the link that your friend sent you, or type an address.');
      return;
    }
    setError('');
    const given = asksPassword && password !== '' ? password : null;
    const sentence = await onJoin(target.trim(), given);
    setError(sentence);
    // The sentence says that the room asks for one: the box for it is shown at once.
    if (/password/iu.test(sentence)) setAsksPassword(true);
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
      <button
        type="button"
        className="disclosure"
        data-testid="join-more"
        aria-expanded={asksPassword}
        aria-controls="join-password-box"
        onClick={() => setAsksPassword(!asksPassword)}
      >
        <Icon name="chevron" size={16} />
        Room password
      </button>
      <div id="join-password-box" className="card-more" hidden={!asksPassword}>
        <TextField
          label="Password"
          value={password}
          onChange={setPassword}
          testId="join-password"
          maxLength={MAX_SECRET_TEXT_LENGTH}
          secret
          placeholder="If the room asks for one"
        />
      </div>
    </form>
  );
}
