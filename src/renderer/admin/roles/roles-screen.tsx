import { type ReactElement, useState } from 'react';
import type { Account, AdminRole, AdminRoom } from '../../../contract/admin.ts';
import { RoleForm } from '../../features/roles/role-form.tsx';
import { permissionsText } from '../../features/roles/role-words.ts';
import { Dialog, FormDialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { carryOut } from '../shell/announcer.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { permissionRule } from '../state/rights.ts';
import { AccountsSection } from './accounts-section.tsx';
import '../../features/roles/roles.css';

/** Roles with lower ids come with every room and cannot be changed. */
const FIRST_CUSTOM_ROLE = 16;

interface RolesScreenProps {
  readonly room: AdminRoom;
  readonly account: Account;
}

type Open =
  | { readonly kind: 'edit'; readonly role: AdminRole | null }
  | { readonly kind: 'remove'; readonly role: AdminRole };

/** What people may do, by their role; and who may come in here. */
export function RolesScreen({ room, account }: RolesScreenProps): ReactElement {
  const [open, setOpen] = useState<Open | null>(null);
  const rule = permissionRule('roles', account.role, room);
  return (
    <>
      <section aria-labelledby="roles-title">
        <div className="screen-actions">
          <div>
            <h2 className="section-title" id="roles-title">
              Roles
            </h2>
            <p className="field-hint">
              The higher rank decides: nobody can act on somebody whose role is as high as their own.
            </p>
          </div>
          <RuledButton
            data-kind="primary"
            data-testid="role-new"
            rule={rule}
            onClick={() => setOpen({ kind: 'edit', role: null })}
          >
            <Icon name="plus" />
            New role
          </RuledButton>
        </div>
        <ul className="rule-rows">
          {[...room.roles]
            .sort((a, b) => b.rank - a.rank)
            .map((role) => (
              <RoleRow key={role.id} role={role} rule={rule} onOpen={setOpen} />
            ))}
        </ul>
      </section>
      <AccountsSection room={room} account={account} />
      {open === null ? null : <RoleDialog open={open} onClose={() => setOpen(null)} />}
    </>
  );
}

function RoleRow(props: { role: AdminRole; rule: string; onOpen: (open: Open) => void }): ReactElement {
  const { role, rule, onOpen } = props;
  return (
    <li className="rule-row" data-testid="role" data-name={role.name}>
      <span className="reading role-rank" title="Rank">
        <span className="visually-hidden">Rank </span>
        {role.rank}
      </span>
      <div className="rule-text">
        <bdi className="rule-name">{role.name}</bdi>
        <span className="field-hint">{permissionsText(role.permissions)}</span>
      </div>
      {role.id < FIRST_CUSTOM_ROLE ? (
        <span className="field-hint">Comes with every room</span>
      ) : (
        <span className="rule-actions">
          <RuledButton
            className="button"
            data-size="small"
            data-testid="role-edit"
            aria-label={`Change the role ${role.name}`}
            rule={rule}
            onClick={() => onOpen({ kind: 'edit', role })}
          >
            Change
          </RuledButton>
          <RuledButton
            className="button"
            data-kind="danger"
            data-size="small"
            data-testid="role-remove"
            aria-label={`Remove the role ${role.name}`}
            rule={rule}
            onClick={() => onOpen({ kind: 'remove', role })}
          >
            Remove
          </RuledButton>
        </span>
      )}
    </li>
  );
}

function RoleDialog({ open, onClose }: { open: Open; onClose: () => void }): ReactElement {
  const { api } = useDashboard();
  const { role } = open;
  if (open.kind === 'remove')
    return (
      <FormDialog
        title={`Remove the role ${open.role.name}?`}
        testId="remove-role-dialog"
        submitLabel="Remove"
        danger
        onClose={onClose}
        onSubmit={() => carryOut(api.removeRole(open.role.id), `The role ${open.role.name} was removed.`)}
      >
        <p>Whoever has it becomes a plain member. Channels that ask for it open only to the highest rank.</p>
      </FormDialog>
    );
  return (
    <Dialog title={role === null ? 'New role' : `Change ${role.name}`} testId="role-dialog" onClose={onClose}>
      <RoleForm
        role={role}
        onDone={onClose}
        onSave={(draft) =>
          carryOut(api.saveRole(role?.id ?? null, draft), `The role ${draft.name} was saved.`)
        }
      />
    </Dialog>
  );
}
