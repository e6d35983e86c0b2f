import type { ReactElement } from 'react';
import type { Member } from '../../../contract/dto.ts';
import { MAX_MEMBER_VOLUME } from '../../../contract/limits.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Icon } from '../../ui/icons.tsx';
import { Range } from '../../ui/range.tsx';
import { badgeTint, initials } from './room-status.ts';

const percentText = (volume: number): string => `${Math.round(volume * 100)} %`;

/** One member: badge with a ring while talking, name, what is switched off, and how loud they are here. */
export function MemberRow({ member, talking }: { member: Member; talking: boolean }): ReactElement {
  return (
    <li
      className="member"
      data-testid="member"
      data-nickname={member.nickname}
      data-talking={talking}
      data-self={member.self}
    >
      <span className="badge" data-tint={badgeTint(member.nickname)} aria-hidden="true">
        {initials(member.nickname)}
      </span>
      <span className="member-name">
        <span className="member-line">
          <span className="member-nickname" dir="auto" title={member.nickname}>
            {member.nickname}
          </span>
          {member.self ? <span className="member-you engraved">You</span> : null}
        </span>
        <MemberNote member={member} talking={talking} />
      </span>
      {member.self ? null : <MemberVolume member={member} />}
    </li>
  );
}

function MemberNote({ member, talking }: { member: Member; talking: boolean }): ReactElement | null {
  if (member.deafened) {
    return (
      <span className="member-note">
        <Icon name="headphonesOff" size={14} />
        Deafened
      </span>
    );
  }
  if (member.muted) {
    return (
      <span className="member-note">
        <Icon name="microphoneOff" size={14} />
        Muted
      </span>
    );
  }
  return talking ? <span className="member-note member-note-live">Talking</span> : null;
}

function MemberVolume({ member }: { member: Member }): ReactElement {
  const { api } = useProgram();
  return (
    <span className="member-volume">
      <Range
        label={`Volume of ${member.nickname}`}
        min={0}
        max={MAX_MEMBER_VOLUME}
        step={0.05}
        value={member.volume}
        valueText={percentText}
        restValue={1}
        onChange={(volume) => void perform(api.setMemberVolume({ token: member.token, volume }))}
        testId="member-volume"
      />
      <output className="reading member-percent" aria-hidden="true">
        {percentText(member.volume)}
      </output>
    </span>
  );
}
