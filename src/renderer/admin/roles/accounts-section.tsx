import { type ReactElement, useState } from 'react';
import { type Account, type AdminRoom, MAX_ACCOUNT_NAME_LENGTH } from '../../../contract/admin.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { NAME_HINT, nameProblem, passwordProblem } from '../session/account-words.ts';
import { NewPasswordFields, type PasswordPair } from '../session/new-password-fields.tsx';
import { announce } from '../shell/announcer.tsx';
import { AskedProblem } from '../shell/asked-problem.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { highestRankRule, roleOf } from '../state/rights.ts';
import { useAnswer } from '../state/use-answer.ts';
import { momentText } from '../state/words.ts';

interface AccountsSectionProps {
  readonly room: AdminRoom;
  readonly account: Account;
}

type Open =
  | { readonly kind: 'edit'; readonly account: Account | null }
  | { readonly kind: 'remove'; readonly account: Account };

/** Who may log in here. An account bears a role of the room, which says what it may do. */
export function AccountsSection({ room, account }: AccountsSectionProps): ReactElement {
  const { api } = useDashboard();
  const accounts = useAnswer(() => api.accounts());
  const [open, setOpen] = useState<Open | null>(null);
  const rule = highestRankRule(account.role, room);
  return (
    <section aria-labelledby="accounts-title">
      <div className="screen-actions">
        <div>
          <h2 className="section-title" id="accounts-title">
            Accounts
          </h2>
          <p className="field-hint">
            Who may log in here. An account may do what its role may, like a member of the room.
          </p>
        </div>
        <RuledButton
          data-testid="account-new"
          rule={rule}
          onClick={() => setOpen({ kind: 'edit', account: null })}
        >
          <Icon name="plus" />
          New account
        </RuledButton>
      </div>
      <AskedProblem asked={accounts} />
      <ul className="rule-rows" aria-busy={accounts.value === null}>
        {(accounts.value ?? []).map((one) => (
          <li key={one.name} className="rule-row" data-testid="account" data-name={one.name}>
            <div className="rule-text">
              <span className="row-title">
                <bdi className="rule-name">{one.name}</bdi>
                {one.name === account.name ? <span className="tag">You</span> : null}
              </span>
              <span className="field-hint">
                {roleOf(one.role, room.roles)?.name ?? ''}, made on {momentText(one.createdMs)}
              </span>
            </div>
            <span className="rule-actions">
              <RuledButton
                className="button"
                data-size="small"
                data-testid="account-change"
                aria-label={`Change the account ${one.name}`}
                rule={rule}
                onClick={() => setOpen({ kind: 'edit', account: one })}
              >
                Change
              </RuledButton>
              <RuledButton
                className="button"
                data-kind="danger"
                data-size="small"
                data-testid="account-remove"
                aria-label={`Remove the account ${one.name}`}
                rule={one.name === account.name ? 'This is the account you are logged in with.' : rule}
                onClick={() => setOpen({ kind: 'remove', account: one })}
              >
                Remove
              </RuledButton>
            </span>
          </li>
        ))}
      </ul>
      {open === null ? null : (
        <AccountDialog
          open={open}
          room={room}
          onClose={() => setOpen(null)}
          onDone={(told) => {
            announce(told);
            void accounts.ask();
          }}
        />
      )}
    </section>
  );
}

interface AccountDialogProps {
  readonly open: Open;
  readonly room: AdminRoom;
  readonly onClose: () => void;
  readonly onDone: (told: string) => void;
}

function AccountDialog({ open, room, onClose, onDone }: AccountDialogProps): ReactElement {
  const { api } = useDashboard();
  if (open.kind === 'edit')
    return <EditAccount account={open.account} room={room} onClose={onClose} onDone={onDone} />;
  const { name } = open.account;
  return (
    <FormDialog
      title={`Remove the account ${name}?`}
      testId="remove-account-dialog"
      submitLabel="Remove"
      danger
      onClose={onClose}
      onSubmit={async () => {
        const sentence = await sentenceOf(api.removeAccount(name));
        if (sentence === '') onDone(`The account ${name} was removed.`);
        return sentence;
      }}
    >
      <p>Nobody can log in with it any more. Who is logged in with it now is put out.</p>
    </FormDialog>
  );
}

function EditAccount(props: Omit<AccountDialogProps, 'open'> & { account: Account | null }): ReactElement {
  const { account, room, onClose, onDone } = props;
  const { api } = useDashboard();
  const [name, setName] = useState(account?.name ?? '');
  const [role, setRole] = useState(account?.role ?? room.roles[0]?.id ?? 0);
  const [pair, setPair] = useState<PasswordPair>({ first: '', again: '' });
  const keepsPassword = account !== null && pair.first === '' && pair.again === '';
  const problem = nameProblem(name.trim()) || (keepsPassword ? '' : passwordProblem(pair.first, pair.again));
  return (
    <FormDialog
      title={account === null ? 'New account' : `Change the account ${account.name}`}
      testId="account-dialog"
      submitLabel={account === null ? 'Make' : 'Save'}
      onClose={onClose}
      blocked={problem}
      onSubmit={async () => {
        const password = keepsPassword ? null : pair.first;
        const sentence = await sentenceOf(api.saveAccount({ name: name.trim(), role, password }));
        if (sentence === '') onDone(`The account ${name.trim()} was saved.`);
        return sentence;
      }}
    >
      {account === null ? (
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          testId="account-name"
          maxLength={MAX_ACCOUNT_NAME_LENGTH}
          hint={NAME_HINT}
        />
      ) : null}
      <SelectField
        label="Role"
        value={String(role)}
        choices={room.roles.map((one) => ({ value: String(one.id), label: one.name }))}
        onChange={(value) => setRole(Number(value))}
        testId="account-role"
      />
      <NewPasswordFields
        pair={pair}
        onChange={setPair}
        testId="account"
        {...(account === null ? {} : { hint: 'Left empty, it stays as it is.' })}
      />
    </FormDialog>
  );
}
