import { type ReactElement, useState } from 'react';
import type { Role } from '../../../contract/dto.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { FieldError } from '../../ui/field.tsx';
import { RoleForm } from './role-form.tsx';
import { permissionsText } from './role-words.ts';
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
        <RoleForm
          role={edited}
          onSave={(draft) => sentenceOf(api.saveRole({ ...draft, role: edited?.id ?? null }))}
          onDone={() => setEdited(undefined)}
        />
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
