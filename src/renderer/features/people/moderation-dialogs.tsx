import { type ReactElement, useState } from 'react';
import type { Channel, Member, Role } from '../../../contract/dto.ts';
import { MAX_REASON_TEXT_LENGTH } from '../../../contract/limits.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { banSeconds, banTerms } from '../bans/ban-terms.ts';
import { channelChoices } from '../channels/channel-tree.ts';

interface AboutMember {
  readonly member: Member;
  readonly onClose: () => void;
}

/** Takes somebody to another channel. */
export function MoveDialog(props: AboutMember & { channels: readonly Channel[] }): ReactElement {
  const { member, channels, onClose } = props;
  const { api } = useProgram();
  const elsewhere = channels.filter((one) => one.id !== member.channel);
  const [channel, setChannel] = useState(elsewhere[0]?.id ?? 0);
  return (
    <FormDialog
      title={`Move ${member.nickname}`}
      testId="move-dialog"
      submitLabel="Move"
      onClose={onClose}
      blocked={elsewhere.length === 0 ? 'There is no other channel.' : ''}
      onSubmit={() => sentenceOf(api.moveMember({ token: member.token, channel }))}
    >
      <SelectField
        label="To the channel"
        value={String(channel)}
        choices={channelChoices(elsewhere)}
        onChange={(value) => setChannel(Number(value))}
        testId="move-channel"
      />
    </FormDialog>
  );
}

/** Sends somebody out of the room; they may come back. */
export function KickDialog({ member, onClose }: AboutMember): ReactElement {
  const { api } = useProgram();
  const [reason, setReason] = useState('');
  return (
    <FormDialog
      title={`Kick ${member.nickname}?`}
      testId="kick-dialog"
      submitLabel="Kick"
      danger
      onClose={onClose}
      onSubmit={() => sentenceOf(api.kickMember({ token: member.token, reason: reason.trim() }))}
    >
      <p>They leave the room at once, and can come back with the link. To keep somebody out, ban them.</p>
      <ReasonField reason={reason} onChange={setReason} />
    </FormDialog>
  );
}

/** Keeps somebody out, by who they are or by where they come from. */
export function BanDialog({ member, onClose }: AboutMember): ReactElement {
  const { api } = useProgram();
  const [by, setBy] = useState<'identity' | 'address'>('identity');
  const [term, setTerm] = useState<string>(banTerms[0].value);
  const [reason, setReason] = useState('');
  return (
    <FormDialog
      title={`Ban ${member.nickname}?`}
      testId="ban-dialog"
      submitLabel="Ban"
      danger
      onClose={onClose}
      onSubmit={() =>
        sentenceOf(
          api.banMember({ token: member.token, by, reason: reason.trim(), seconds: banSeconds(term) }),
        )
      }
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
      <ReasonField reason={reason} onChange={setReason} />
    </FormDialog>
  );
}

/** Gives somebody a role, which stays with their identity. */
export function AssignRoleDialog(props: AboutMember & { roles: readonly Role[] }): ReactElement {
  const { member, roles, onClose } = props;
  const { api } = useProgram();
  const [role, setRole] = useState(member.role);
  return (
    <FormDialog
      title={`Give ${member.nickname} a role`}
      testId="assign-role-dialog"
      submitLabel="Give"
      onClose={onClose}
      onSubmit={() => sentenceOf(api.assignRole({ identity: member.identity, role }))}
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

/** Why; shown to whom it concerns. */
export function ReasonField(props: { reason: string; onChange: (reason: string) => void }): ReactElement {
  return (
    <TextField
      label="Reason"
      value={props.reason}
      onChange={props.onChange}
      testId="reason"
      maxLength={MAX_REASON_TEXT_LENGTH}
      hint="They are shown it. It may stay empty."
    />
  );
}
