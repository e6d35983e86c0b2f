import { type ReactElement, useEffect } from 'react';
import type { Account, AdminMember, AdminRoom } from '../../../contract/admin.ts';
import { BanForm, KickForm, MoveForm, RoleOfMemberForm } from '../../features/people/moderation-forms.tsx';
import { announce, carryOut } from '../shell/announcer.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { MAX_REASON } from '../state/limits.ts';
import {
  closeMemberDialog,
  closeMemberMenu,
  followMember,
  type MemberQuestion,
  useMemberFloating,
} from './member-floating.ts';
import { MemberMenu } from './member-menu.tsx';
import { channelOptions } from './room-tree.ts';

/** The menu and the dialog that are open; one whose member goes away closes. */
export function MemberFloating({ room, account }: { room: AdminRoom; account: Account }): ReactElement {
  const { menu, dialog } = useMemberFloating();
  const menuMember = room.members.find((member) => member.token === menu?.token);
  const dialogMember = room.members.find((member) => member.token === dialog?.token);
  return (
    <>
      {menu !== null && menuMember !== undefined ? (
        <MemberMenu key={menu.token} member={menuMember} room={room} account={account} place={menu.place} />
      ) : null}
      {menu !== null && menuMember === undefined ? <Gone close={closeMemberMenu} /> : null}
      {dialog !== null && dialogMember !== undefined ? (
        <MemberDialog kind={dialog.kind} member={dialogMember} room={room} />
      ) : null}
      {dialog !== null && dialogMember === undefined ? <Gone close={closeMemberDialog} /> : null}
    </>
  );
}

/** Stands for what is about somebody who went away: closes it, and says so. */
function Gone({ close }: { close: () => void }): null {
  useEffect(() => {
    close();
    announce('They left the room.');
  }, [close]);
  return null;
}

interface MemberDialogProps {
  readonly kind: MemberQuestion;
  readonly member: AdminMember;
  readonly room: AdminRoom;
}

function MemberDialog({ kind, member, room }: MemberDialogProps): ReactElement {
  const { api } = useDashboard();
  const { token, nickname, identity } = member;
  const about = { nickname, onClose: closeMemberDialog };
  switch (kind) {
    case 'move': {
      const elsewhere = channelOptions(room.channels).filter(
        (option) => option.value !== String(member.channel),
      );
      const nameOf = (id: number): string => room.channels.find((one) => one.id === id)?.name ?? '';
      return (
        <MoveForm
          {...about}
          channels={elsewhere}
          onMove={async (channel) => {
            followMember({ token, channel });
            const sentence = await carryOut(
              api.move(token, channel),
              `${nickname} is now in ${nameOf(channel)}.`,
            );
            if (sentence !== '') followMember(null);
            return sentence;
          }}
        />
      );
    }
    case 'role':
      return (
        <RoleOfMemberForm
          {...about}
          role={member.role}
          roles={room.roles}
          onGive={(role) => carryOut(api.assignRole(identity, role), `${nickname} has another role now.`)}
        />
      );
    case 'kick':
      return (
        <KickForm
          {...about}
          maxReason={MAX_REASON}
          onKick={(reason) => carryOut(api.kick(token, reason), `${nickname} was kicked.`)}
        />
      );
    case 'ban':
      return (
        <BanForm
          {...about}
          maxReason={MAX_REASON}
          onBan={(by, reason, seconds) =>
            carryOut(
              api.ban({
                subject:
                  by === 'identity' ? { kind: 'identity', identity } : { kind: 'addressOf', member: token },
                reason,
                seconds,
              }),
              `${nickname} is banned.`,
            )
          }
        />
      );
  }
}
