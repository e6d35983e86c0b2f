import { type MouseEvent, memo, type ReactElement, useEffect, useRef } from 'react';
import type { AdminMember } from '../../../contract/admin.ts';
import { LISTENERS_MEMBER_SENTENCE } from '../../features/room/listeners.ts';
import { badgeTint, initials } from '../../features/room/room-status.ts';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { followMember, openMemberMenu, stopAt, useMemberFloating } from './member-floating.ts';

interface MemberCardProps {
  readonly member: AdminMember;
  /** Empty: the role that goes without saying. */
  readonly roleName: string;
  readonly movable: boolean;
  /** The stop of the keyboard, while none was chosen. */
  readonly first: boolean;
}

interface Note {
  readonly icon: IconName;
  readonly text: string;
}

const MUTED_FOR_ALL: Note = { icon: 'ban', text: 'Muted for everybody' };

function notesOf(member: AdminMember): Note[] {
  // Whether it wants to hear, or has something to say, is its own affair.
  if (member.listeners) return member.mutedForAll ? [MUTED_FOR_ALL] : [];
  return [
    ...(member.reconnecting ? [{ icon: 'refresh', text: 'Reconnecting' } as const] : []),
    ...(member.mutedForAll ? [MUTED_FOR_ALL] : []),
    ...(member.deafened ? [{ icon: 'headphonesOff', text: 'Deaf' } as const] : []),
    ...(member.muted && !member.deafened ? [{ icon: 'microphoneOff', text: 'Muted' } as const] : []),
  ];
}

function BadgeContent({ member }: { member: AdminMember }): ReactElement | string {
  if (member.listeners) return <Icon name="ear" size={16} />;
  return member.bot ? <Icon name="bot" size={16} /> : initials(member.nickname);
}

/** One member: a grip to drag them by, who they are, how they stand, a menu. Memoised: there are hundreds. */
export const MemberCard = memo(function MemberCard(props: MemberCardProps): ReactElement {
  const { member, roleName, first } = props;
  const movable = props.movable && !member.listeners;
  const { token, nickname } = member;
  const problem = useMemberFloating((state) =>
    state.problem?.token === token ? state.problem.sentence : '',
  );
  const open = (event: MouseEvent<HTMLElement>): void => {
    event.preventDefault();
    const { left, bottom } = event.currentTarget.getBoundingClientRect();
    const pointed = event.clientX !== 0 || event.clientY !== 0;
    openMemberMenu(token, pointed ? { x: event.clientX, y: event.clientY } : { x: left, y: bottom });
  };
  return (
    <li
      className="card-member"
      data-testid="member"
      data-token={token}
      data-nickname={nickname}
      data-channel={member.channel ?? ''}
      data-movable={movable}
      data-bot={member.bot}
      onContextMenu={open}
    >
      <span className="card-grip" aria-hidden="true">
        {movable ? <Icon name="grip" size={16} /> : null}
      </span>
      <span
        className="badge"
        data-tint={badgeTint(nickname)}
        data-kind={member.listeners ? 'listeners' : 'member'}
        aria-hidden="true"
      >
        <BadgeContent member={member} />
      </span>
      <span className="card-name">
        <span className="card-line">
          <bdi className="card-nickname" title={member.listeners ? LISTENERS_MEMBER_SENTENCE : nickname}>
            {nickname}
          </bdi>
          {member.bot ? <span className="tag">Bot</span> : null}
          {member.listeners ? (
            <span className="visually-hidden">{`. ${LISTENERS_MEMBER_SENTENCE}`}</span>
          ) : null}
          {roleName === '' ? null : (
            <span className="tag" title={`Role: ${roleName}`}>
              {roleName}
            </span>
          )}
        </span>
        <span className="card-notes">
          {notesOf(member).map((note) => (
            <span key={note.text} className="card-note">
              <Icon name={note.icon} size={14} />
              {note.text}
            </span>
          ))}
        </span>
      </span>
      <MoreButton member={member} first={first} open={open} />
      {problem === '' ? null : (
        <p className="problem card-problem" data-testid="member-problem">
          <Icon name="warning" size={16} />
          <span>{problem}</span>
        </p>
      )}
    </li>
  );
});

/** The menu's button: the member's one stop of the keyboard. It takes the focus again after its member was moved. */
function MoreButton(props: {
  member: AdminMember;
  first: boolean;
  open: (event: MouseEvent<HTMLElement>) => void;
}): ReactElement {
  const { member, first, open } = props;
  const { token, channel } = member;
  const button = useRef<HTMLButtonElement>(null);
  const stop = useMemberFloating((state) => (state.stop === null ? first : state.stop === token));
  const followed = useMemberFloating(
    ({ follow, dialog }) => follow?.token === token && follow.channel === channel && dialog === null,
  );
  useEffect(() => {
    if (!followed) return;
    button.current?.focus();
    if (document.activeElement === button.current) followMember(null);
  }, [followed]);
  return (
    <button
      ref={button}
      type="button"
      className="button card-more"
      data-kind="quiet"
      data-size="small"
      data-shape="square"
      data-testid="member-more"
      data-stop={token}
      tabIndex={stop ? 0 : -1}
      aria-haspopup="dialog"
      aria-label={`What to do with ${member.nickname}`}
      title="More"
      onFocus={() => stopAt(token)}
      onClick={open}
    >
      <Icon name="more" />
    </button>
  );
}
