import type { ReactElement } from 'react';
import type { Account, AdminMember, AdminRoom } from '../../../contract/admin.ts';
import type { Permission } from '../../../contract/room.ts';
import { LISTENERS_MEMBER_SENTENCE } from '../../features/room/listeners.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { Icon } from '../../ui/icons.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { announce } from '../shell/announcer.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { permissionRule } from '../state/rights.ts';
import { askAboutMember, closeMemberMenu, tellMemberProblem } from './member-floating.ts';

interface MemberMenuProps {
  readonly member: AdminMember;
  readonly room: AdminRoom;
  readonly account: Account;
  readonly place: { readonly x: number; readonly y: number };
}

/** Everything that can be done with one member; what may not be done says why. */
export function MemberMenu({ member, room, account, place }: MemberMenuProps): ReactElement {
  const { api } = useDashboard();
  const { token, nickname, mutedForAll } = member;
  const rule = (permission: Permission): string => permissionRule(permission, account.role, room);
  const mute = async (): Promise<void> => {
    closeMemberMenu();
    const sentence = await sentenceOf(api.mute(token, !mutedForAll));
    tellMemberProblem(token, sentence);
    const done = mutedForAll
      ? `${nickname} can be heard by everybody again.`
      : `${nickname} is muted for everybody.`;
    announce(sentence === '' ? done : sentence);
  };
  return (
    <Menu label={`About ${nickname}`} place={place} testId="member-menu" onClose={closeMemberMenu}>
      <p className="menu-title">
        <bdi>{nickname}</bdi>
      </p>
      {member.listeners ? (
        <p className="menu-note">
          <Icon name="ear" size={16} />
          <span>{LISTENERS_MEMBER_SENTENCE}</span>
        </p>
      ) : null}
      {member.listeners ? null : <Placing token={token} rule={rule} />}
      <MenuItem
        icon={mutedForAll ? 'microphone' : 'microphoneOff'}
        label={mutedForAll ? 'Let everybody hear again' : 'Mute for everybody'}
        testId="member-mute"
        rule={rule('mute')}
        onChoose={() => void mute()}
      />
      {member.listeners ? null : <PuttingOut token={token} rule={rule} />}
    </Menu>
  );
}

interface EntriesProps {
  readonly token: number;
  readonly rule: (permission: Permission) => string;
}

/** Where a person is, and what they may. */
function Placing({ token, rule }: EntriesProps): ReactElement {
  return (
    <>
      <MenuItem
        icon="move"
        label="Move to…"
        testId="member-move"
        rule={rule('move')}
        onChoose={() => askAboutMember('move', token)}
      />
      <MenuItem
        icon="badge"
        label="Give a role…"
        testId="member-role"
        rule={rule('roles')}
        onChoose={() => askAboutMember('role', token)}
      />
    </>
  );
}

/** What ends a person's stay. */
function PuttingOut({ token, rule }: EntriesProps): ReactElement {
  return (
    <>
      <MenuItem
        icon="leave"
        label="Kick…"
        testId="member-kick"
        rule={rule('kick')}
        danger
        onChoose={() => askAboutMember('kick', token)}
      />
      <MenuItem
        icon="ban"
        label="Ban…"
        testId="member-ban"
        rule={rule('ban')}
        danger
        onChoose={() => askAboutMember('ban', token)}
      />
    </>
  );
}
