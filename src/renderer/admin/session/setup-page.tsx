import { type ReactElement, useState } from 'react';
import { MAX_ACCOUNT_NAME_LENGTH } from '../../../contract/admin.ts';
import { TextField } from '../../ui/field.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { NAME_HINT, nameProblem, passwordProblem } from './account-words.ts';
import { Gate, GateForm } from './gate.tsx';
import { NewPasswordFields, type PasswordPair } from './new-password-fields.tsx';

/** Makes the first account, with the code that the host of the relay was shown. */
export function SetupPage(props: { code: string }): ReactElement {
  const { api, keeper } = useDashboard();
  const [code, setCode] = useState(props.code);
  const [name, setName] = useState('');
  const [pair, setPair] = useState<PasswordPair>({ first: '', again: '' });
  const submit = async (): Promise<string> => {
    if (code.trim() === '') return 'Type the code that the relay shows.';
    const problem = nameProblem(name.trim()) || passwordProblem(pair.first, pair.again);
    if (problem !== '') return problem;
    const answer = await api.setUp({ code: code.trim(), name: name.trim(), password: pair.first });
    if (!answer.ok) return answer.sentence;
    keeper.enter(answer.value);
    return '';
  };
  return (
    <Gate title="Set up the administration">
      <p>Nobody runs this room from here yet. Make the first account: it may do everything.</p>
      <GateForm submitLabel="Make the account" busyLabel="Making the account…" onSubmit={submit}>
        <TextField
          label="One-time code"
          value={code}
          onChange={setCode}
          testId="setup-code"
          maxLength={64}
          hint="The relay shows it where it was started. It works once."
        />
        <TextField
          label="Account"
          value={name}
          onChange={setName}
          testId="setup-name"
          maxLength={MAX_ACCOUNT_NAME_LENGTH}
          hint={NAME_HINT}
          autoComplete="username"
        />
        <NewPasswordFields pair={pair} onChange={setPair} testId="setup" />
      </GateForm>
    </Gate>
  );
}
