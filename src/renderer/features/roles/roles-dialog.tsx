import { type FormEvent, type ReactElement, useState } from 'react';
import type { Role } from '../../../contract/dto.ts';
import { MAX_NAME_TEXT_LENGTH } from '../../../contract/limits.ts';
import type { Permission } from '../../../contract/room.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { FieldError, TextField } from '../../ui/field.tsx';
import { readWhole } from '../channels/channel-words.ts';
import { MAX_RANK, permissionChoices, permissionsText } from './role-words.ts';
import './roles.css';

interface RolesDialogProps {
  readonly roles: readonly Role[];
  readonly onClose: () => void;
}

/** The room's roles, and the making and changing of one's own. */
export function RolesDialog({ roles, onClose }: RolesDialogProps): ReactElement {
  const { api } = useProgram();
  // Undefined: the list; null: a new role.
  const [edited, setEdited] = useState<Role | null | undefined>(undefined);
  const [error, setError] = useState('');
  if (edited !== undefined)
    return (
      <Dialog
        title={edited === null ? 'New role' : `Change ${edited.name}`}
        testId="roles-dialog"
        onClose={onClose}
      >
        <RoleForm role={edited} onDone={() => setEdited(undefined)} />
      </Dialog>
    );
  return (
    <Dialog title="Roles" testId="roles-dialog" onClose={onClose} wide>
      <div className="dialog-body scrolls">
        <p className="field-hint">
          The higher rank decides: nobody can act on somebody whose role is as high as their own.
        </p>
        <ul className="rule-rows">
          {roles.map((role) => (
            <li key={role.id} className="rule-row" data-testid="role" data-name={role.name}>
              <span className="reading role-rank" title="Rank">
                <span className="visually-hidden">Rank </span>
                {role.rank}
              </span>
              <div className="rule-text">
                <bdi className="rule-name">{role.name}</bdi>
                <span className="field-hint">{permissionsText(role.permissions)}</span>
              </div>
              {role.builtIn ? (
                <span className="field-hint">Comes with every room</span>
              ) : (
                <span className="rule-actions">
                  <button
                    type="button"
                    className="button"
                    data-size="small"
                    data-testid="role-edit"
                    aria-label={`Change the role ${role.name}`}
                    onClick={() => setEdited(role)}
                  >
                    Change
                  </button>
                  <button
                    type="button"
                    className="button"
                    data-kind="danger"
                    data-size="small"
                    data-testid="role-remove"
                    aria-label={`Remove the role ${role.name}`}
                    onClick={() => void sentenceOf(api.removeRole({ role: role.id })).then(setError)}
                  >
                    Remove
                  </button>
                </span>
              )}
            </li>
          ))}
        </ul>
        <FieldError sentence={error} testId="role-error" />
      </div>
      <div className="dialog-actions">
        <button
          type="button"
          className="button"
          data-kind="primary"
          data-testid="role-new"
          onClick={() => setEdited(null)}
        >
          New role
        </button>
      </div>
    </Dialog>
  );
}

function RoleForm({ role, onDone }: { role: Role | null; onDone: () => void }): ReactElement {
  const { api } = useProgram();
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
    const sentence = await sentenceOf(
      api.saveRole({
        role: role?.id ?? null,
        name: name.trim(),
        rank: rank.value,
        permissions: [...permissions],
      }),
    );
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
