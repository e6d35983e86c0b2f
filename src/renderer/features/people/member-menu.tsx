import type { ReactElement } from 'react';
import type { Member } from '../../../contract/dto.ts';
import { MAX_MEMBER_VOLUME } from '../../../contract/limits.ts';
import { closeMenu, type MenuPlace, showDialog } from '../../state/dialog-store.ts';
import { perform, useProgram } from '../../state/program.ts';
import { showPane } from '../../state/window-store.ts';
import { Icon } from '../../ui/icons.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { Range } from '../../ui/range.tsx';
import { openChat } from '../chat/chat-store.ts';
import { LISTENERS_MEMBER_SENTENCE } from '../room/listeners.ts';
import { WhisperButton } from '../whispers/whisper-button.tsx';
import { keySentence } from './member-notes.ts';
import { percentText } from './member-row.tsx';

interface MemberMenuProps {
  readonly member: Member;
  readonly place: MenuPlace;
}

/** Everything that can be done with one member; what may not be done says why. */
export function MemberMenu({ member, place }: MemberMenuProps): ReactElement {
  return (
    <Menu label={`About ${member.nickname}`} place={place} testId="member-menu" onClose={closeMenu}>
      <p className="menu-title">
        <bdi>{member.nickname}</bdi>
      </p>
      <p className="menu-note">
        <Icon name={member.keys === 'noKey' ? 'keyOff' : 'key'} size={16} />
        <span>{keySentence(member)}</span>
      </p>
      {member.listeners ? (
        <p className="menu-note" data-testid="member-listeners">
          <Icon name="ear" size={16} />
          <span>{LISTENERS_MEMBER_SENTENCE}</span>
        </p>
      ) : null}
      {member.self ? null : <ForMe member={member} />}
      <div className="menu-line" />
      {member.listeners ? <MuteForAll member={member} /> : <ForAll member={member} />}
    </Menu>
  );
}

/** What stays between the two of them. */
function ForMe({ member }: { member: Member }): ReactElement {
  const { api } = useProgram();
  const { token } = member;
  return (
    <>
      <div className="menu-volume">
        <span>Volume, for you alone</span>
        <span className="reading" aria-hidden="true">
          {percentText(member.volume)}
        </span>
        <Range
          label={`Volume of ${member.nickname}`}
          min={0}
          max={MAX_MEMBER_VOLUME}
          step={0.05}
          value={member.volume}
          valueText={percentText}
          restValue={1}
          onChange={(volume) => void perform(api.setMemberVolume({ token, volume }))}
          testId="menu-volume"
        />
      </div>
      <MenuItem
        icon={member.mutedHere ? 'headphones' : 'headphonesOff'}
        label={member.mutedHere ? 'Hear again' : 'Mute for me'}
        testId="member-mute-here"
        onChoose={() => {
          closeMenu();
          void perform(api.setMemberMuted({ token, muted: !member.mutedHere }));
        }}
      />
      {member.listeners ? null : <WithPerson member={member} />}
    </>
  );
}

/** What is done with people only. */
function WithPerson({ member }: { member: Member }): ReactElement {
  const { token } = member;
  return (
    <>
      <WhisperButton
        target={{ kind: 'member', token }}
        label="Hold to whisper"
        rule={member.rules.whisper}
        testId="member-whisper"
        menuItem
      />
      <MenuItem
        icon="chat"
        label="Write a message"
        testId="member-write"
        onChoose={() => {
          openChat({ kind: 'member', identity: member.identity }, member.nickname);
          showPane('chat');
          closeMenu();
        }}
      />
      <MenuItem
        icon="shield"
        label={member.verified ? 'Verified. Show the code' : 'Verify…'}
        testId="member-verify"
        rule={member.safetyCode === '' ? 'There is no safety code to compare yet.' : ''}
        onChoose={() => showDialog({ kind: 'verify', token })}
      />
    </>
  );
}

/** What the room's rules decide. */
function ForAll({ member }: { member: Member }): ReactElement {
  const { token, rules } = member;
  return (
    <>
      <MenuItem
        icon="move"
        label="Move to another channel…"
        testId="member-move"
        rule={rules.move}
        onChoose={() => showDialog({ kind: 'moveMember', token })}
      />
      <MenuItem
        icon="badge"
        label="Give a role…"
        testId="member-role-assign"
        rule={rules.assignRole}
        onChoose={() => showDialog({ kind: 'assignRole', token })}
      />
      {member.self ? null : (
        <>
          <MuteForAll member={member} />
          <MenuItem
            icon="leave"
            label="Kick…"
            testId="member-kick"
            rule={rules.kick}
            danger
            onChoose={() => showDialog({ kind: 'kick', token })}
          />
          <MenuItem
            icon="ban"
            label="Ban…"
            testId="member-ban"
            rule={rules.ban}
            danger
            onChoose={() => showDialog({ kind: 'ban', token })}
          />
        </>
      )}
    </>
  );
}

function MuteForAll({ member }: { member: Member }): ReactElement {
  const { api } = useProgram();
  const { token, mutedForAll } = member;
  return (
    <MenuItem
      icon={mutedForAll ? 'microphone' : 'microphoneOff'}
      label={mutedForAll ? 'Let everybody hear again' : 'Mute for everybody'}
      testId="member-mute-all"
      rule={member.rules.mute}
      onChoose={() => {
        closeMenu();
        void perform(api.muteMemberForAll({ token, muted: !mutedForAll }));
      }}
    />
  );
}
