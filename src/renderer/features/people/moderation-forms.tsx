import { type ReactElement, useState } from 'react';
import { MAX_REASON_TEXT_LENGTH } from '../../../contract/limits.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { banSeconds, banTerms } from '../bans/ban-terms.ts';

/**
 * What is asked before something is done to a member. Whoever shows it carries it out and answers with what is
 * wrong, or with an empty text.
 */
interface AboutMember {
  readonly nickname: string;
  readonly onClose: () => void;
}

interface MoveFormProps extends AboutMember {
  /** The channels they are not in. */
  readonly channels: readonly { readonly value: string; readonly label: string }[];
  readonly onMove: (channel: number) => Promise<string>;
}

/** Takes somebody to another channel. */
export function MoveForm({ nickname, channels, onMove, onClose }: MoveFormProps): ReactElement {
  const [channel, setChannel] = useState(channels[0]?.value ?? '');
  return (
    <FormDialog
      title={`Move ${nickname}`}
      testId="move-dialog"
      submitLabel="Move"
      onClose={onClose}
      blocked={channels.length === 0 ? 'There is no other channel.' : ''}
      onSubmit={() => onMove(Number(channel))}
    >
      <SelectField
        label="To the channel"
        value={channel}
        choices={channels}
        onChange={setChannel}
        testId="move-channel"
      />
    </FormDialog>
  );
}

interface KickFormProps extends AboutMember {
  readonly onKick: (reason: string) => Promise<string>;
  readonly maxReason?: number;
}

/** Sends somebody out of the room; they may come back. */
export function KickForm({ nickname, onKick, onClose, maxReason }: KickFormProps): ReactElement {
  const [reason, setReason] = useState('');
  return (
    <FormDialog
      title={`Kick ${nickname}?`}
      testId="kick-dialog"
      submitLabel="Kick"
      danger
      onClose={onClose}
      onSubmit={() => onKick(reason.trim())}
    >
      <p>They leave the room at once, and can come back with the link. To keep somebody out, ban them.</p>
      <ReasonField reason={reason} onChange={setReason} maxLength={maxReason} />
    </FormDialog>
  );
}

/** Who or what is kept out. */
export type BanBy = 'identity' | 'address';

interface BanFormProps extends AboutMember {
  readonly onBan: (by: BanBy, reason: string, seconds: number | null) => Promise<string>;
  readonly maxReason?: number;
}

/** Keeps somebody out, by who they are or by where they come from. */
export function BanForm({ nickname, onBan, onClose, maxReason }: BanFormProps): ReactElement {
  const [by, setBy] = useState<BanBy>('identity');
  const [term, setTerm] = useState<string>(banTerms[0].value);
  const [reason, setReason] = useState('');
  return (
    <FormDialog
      title={`Ban ${nickname}?`}
      testId="ban-dialog"
      submitLabel="Ban"
      danger
      onClose={onClose}
      onSubmit={() => onBan(by, reason.trim(), banSeconds(term))}
    >
      <SelectField
        label="What is banned"
        value={by}
        choices={[
          { value: 'identity', label: 'Their identity' },
          { value: 'address', label: 'The address they connect from' },
        ]}
        onChange={(value) => setBy(value === 'address' ? 'address' : 'identity')}
        testId="ban-by"
        hint={
          by === 'identity'
            ? 'Keeps this identity out from anywhere. Somebody who makes a new one gets in again.'
            : 'Keeps out everybody who comes from there, people who share that connection as well.'
        }
      />
      <TermField term={term} onChange={setTerm} />
      <ReasonField reason={reason} onChange={setReason} maxLength={maxReason} />
    </FormDialog>
  );
}

interface RoleOfMemberFormProps extends AboutMember {
  readonly role: number;
  readonly roles: readonly { readonly id: number; readonly name: string }[];
  readonly onGive: (role: number) => Promise<string>;
}

/** Gives somebody a role, which stays with their identity. */
export function RoleOfMemberForm(props: RoleOfMemberFormProps): ReactElement {
  const { nickname, roles, onGive, onClose } = props;
  const [role, setRole] = useState(props.role);
  return (
    <FormDialog
      title={`Give ${nickname} a role`}
      testId="assign-role-dialog"
      submitLabel="Give"
      onClose={onClose}
      onSubmit={() => onGive(role)}
    >
      <SelectField
        label="Role"
        value={String(role)}
        choices={roles.map((one) => ({ value: String(one.id), label: one.name }))}
        onChange={(value) => setRole(Number(value))}
        testId="assign-role"
        hint="The room remembers it: it holds again when they come back."
      />
    </FormDialog>
  );
}

/** How long a ban holds. */
export function TermField(props: { term: string; onChange: (term: string) => void }): ReactElement {
  return (
    <SelectField
      label="For how long"
      value={props.term}
      choices={banTerms}
      onChange={props.onChange}
      testId="ban-term"
    />
  );
}

interface ReasonFieldProps {
  readonly reason: string;
  readonly onChange: (reason: string) => void;
  readonly maxLength?: number | undefined;
}

/** Why; shown to whom it concerns. */
export function ReasonField({ reason, onChange, maxLength }: ReasonFieldProps): ReactElement {
  return (
    <TextField
      label="Reason"
      value={reason}
      onChange={onChange}
      testId="reason"
      maxLength={maxLength ?? MAX_REASON_TEXT_LENGTH}
      hint="They are shown it. It may stay empty."
    />
  );
}
