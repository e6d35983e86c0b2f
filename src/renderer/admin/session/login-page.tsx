import { type ReactElement, useState } from 'react';
import { MAX_ACCOUNT_NAME_LENGTH, MAX_ACCOUNT_PASSWORD_LENGTH } from '../../../contract/admin.ts';
import { TextField } from '../../ui/field.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { Gate, GateForm } from './gate.tsx';

interface LoginPageProps {
  /** Why it is asked, where it is not plain. */
  readonly sentence: string;
  /** Who it was before. */
  readonly name: string;
}

/** Asks who wants to run the room. */
export function LoginPage(props: LoginPageProps): ReactElement {
  const { api, keeper } = useDashboard();
  const [name, setName] = useState(props.name);
  const [password, setPassword] = useState('');
  const submit = async (): Promise<string> => {
    if (name.trim() === '') return 'Type the name of your account.';
    if (password === '') return 'Type your password.';
    const answer = await api.logIn({ name: name.trim(), password });
    if (!answer.ok) return answer.sentence;
    keeper.enter(answer.value);
    return '';
  };
  return (
    <Gate title="Log in">
      {props.sentence === '' ? null : (
        <p role="status" data-testid="login-why">
          {props.sentence}
        </p>
      )}
      <GateForm submitLabel="Log in" busyLabel="Logging in…" onSubmit={submit}>
        <TextField
          label="Account"
          value={name}
          onChange={setName}
          testId="login-name"
          maxLength={MAX_ACCOUNT_NAME_LENGTH}
          autoComplete="username"
        />
        <TextField
          label="Password"
          value={password}
          onChange={setPassword}
          testId="login-password"
          maxLength={MAX_ACCOUNT_PASSWORD_LENGTH}
          secret
          autoComplete="current-password"
        />
      </GateForm>
    </Gate>
  );
}
