import type { ReactElement } from 'react';
import type { Channel, Member, Role } from '../../../contract/dto.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { channelChoices } from '../channels/channel-tree.ts';
import { BanForm, KickForm, MoveForm, RoleOfMemberForm } from './moderation-forms.tsx';

interface AboutMember {
  readonly member: Member;
  readonly onClose: () => void;
}

/** Takes somebody to another channel. */
export function MoveDialog(props: AboutMember & { channels: readonly Channel[] }): ReactElement {
  const { member, channels, onClose } = props;
  const { api } = useProgram();
  return (
    <MoveForm
      nickname={member.nickname}
      channels={channelChoices(channels.filter((one) => one.id !== member.channel))}
      onClose={onClose}
      onMove={(channel) => sentenceOf(api.moveMember({ token: member.token, channel }))}
    />
  );
}

/** Sends somebody out of the room; they may come back. */
export function KickDialog({ member, onClose }: AboutMember): ReactElement {
  const { api } = useProgram();
  return (
    <KickForm
      nickname={member.nickname}
      onClose={onClose}
      onKick={(reason) => sentenceOf(api.kickMember({ token: member.token, reason }))}
    />
  );
}

/** Keeps somebody out, by who they are or by where they come from. */
export function BanDialog({ member, onClose }: AboutMember): ReactElement {
  const { api } = useProgram();
  return (
    <BanForm
      nickname={member.nickname}
      onClose={onClose}
      onBan={(by, reason, seconds) => sentenceOf(api.banMember({ token: member.token, by, reason, seconds }))}
    />
  );
}

/** Gives somebody a role, which stays with their identity. */
export function AssignRoleDialog(props: AboutMember & { roles: readonly Role[] }): ReactElement {
  const { member, roles, onClose } = props;
  const { api } = useProgram();
  return (
    <RoleOfMemberForm
      nickname={member.nickname}
      role={member.role}
      roles={roles}
      onClose={onClose}
      onGive={(role) => sentenceOf(api.assignRole({ identity: member.identity, role }))}
    />
  );
}
