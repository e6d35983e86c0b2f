import { type FormEvent, type ReactElement, useState } from 'react';
import { MAX_NAME_TEXT_LENGTH } from '../../../contract/limits.ts';
import type { Permission } from '../../../contract/room.ts';
import { FieldError, TextField } from '../../ui/field.tsx';
import { readWhole } from '../channels/channel-words.ts';
import { MAX_RANK, permissionChoices } from './role-words.ts';

/** A role as it is filled in. */
export interface RoleDraft {
  readonly name: string;
  readonly rank: number;
  readonly permissions: Permission[];
}

interface RoleFormProps {
  /** The one to change; null: a new one. */
  readonly role: Readonly<RoleDraft> | null;
  /** Carries it out; answers with what is wrong, or with an empty text. */
  readonly onSave: (draft: RoleDraft) => Promise<string>;
  readonly onDone: () => void;
}

/** Asks for all of a role, inside of a dialog. */
export function RoleForm({ role, onSave, onDone }: RoleFormProps): ReactElement {
  const [name, setName] = useState(role?.name ?? '');
  const [rankText, setRankText] = useState(String(role?.rank ?? 10));
  const [permissions, setPermissions] = useState<readonly Permission[]>(role?.permissions ?? []);
  const [error, setError] = useState('');
  const rank = readWhole(rankText, 0, MAX_RANK);
  const choose = (permission: Permission, chosen: boolean): void =>
    setPermissions([...permissions.filter((one) => one !== permission), ...(chosen ? [permission] : [])]);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (name.trim() === '') return setError('A role needs a name.');
    if (!rank.ok) return setError(`A rank is a whole number from 0 to ${MAX_RANK}.`);
    const sentence = await onSave({ name: name.trim(), rank: rank.value, permissions: [...permissions] });
    if (sentence === '') onDone();
    else setError(sentence);
  };
  return (
    <form className="dialog-form" noValidate onSubmit={(event) => void submit(event)}>
      <div className="dialog-body scrolls">
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          testId="role-name"
          maxLength={MAX_NAME_TEXT_LENGTH}
        />
        <TextField
          label="Rank"
          value={rankText}
          onChange={setRankText}
          testId="role-rank"
          numeric
          hint="From 0, like Member, to 100, like Admin."
        />
        <fieldset className="dialog-group">
          <legend className="engraved">May</legend>
          <ul className="checks">
            {permissionChoices.map((choice) => (
              <li key={choice.value}>
                <label className="check">
                  <input
                    type="checkbox"
                    data-testid={`permission-${choice.value}`}
                    checked={permissions.includes(choice.value)}
                    onChange={(event) => choose(choice.value, event.target.checked)}
                  />
                  {choice.label}
                </label>
              </li>
            ))}
          </ul>
        </fieldset>
      </div>
      <FieldError sentence={error} testId="role-error" />
      <div className="dialog-actions">
        <button type="button" className="button" data-testid="role-back" onClick={onDone}>
          Back
        </button>
        <button type="submit" className="button" data-kind="primary" data-testid="role-save">
          Save
        </button>
      </div>
    </form>
  );
}
