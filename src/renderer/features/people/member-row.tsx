import { type MouseEvent, memo, type ReactElement } from 'react';
import type { Member } from '../../../contract/dto.ts';
import { MAX_MEMBER_VOLUME } from '../../../contract/limits.ts';
import { type MenuPlace, showMenu } from '../../state/dialog-store.ts';
import { perform, useProgram } from '../../state/program.ts';
import { useWindow } from '../../state/window-store.ts';
import { Icon } from '../../ui/icons.tsx';
import { Range } from '../../ui/range.tsx';
import { LISTENERS_MEMBER_SENTENCE } from '../room/listeners.ts';
import { badgeTint, initials } from '../room/room-status.ts';
import { memberNotes } from './member-notes.ts';
import './people.css';

/** Loudness of a member as people say it. */
export const percentText = (volume: number): string => `${Math.round(volume * 100)} %`;

/** Where a menu opens that belongs to a button, or to the pointer. */
export function menuPlace(event: MouseEvent<HTMLElement>): MenuPlace {
  if (event.clientX !== 0 || event.clientY !== 0) return { x: event.clientX, y: event.clientY };
  // The keyboard's menu key and Enter come without a place: under what has the focus.
  const { left, bottom } = event.currentTarget.getBoundingClientRect();
  return { x: left, y: bottom };
}

interface MemberRowProps {
  readonly member: Member;
  /** One's own sound goes out; the others' talking is asked from the store by each row for itself. */
  readonly onAir: boolean;
  /** The role that goes without saying. */
  readonly plainRole: number;
}

/**
 * One member: badge with a ring while talking, name, marks in words, how loud they are here, a menu.
 *
 * Memoised: who talks changes several times a second, and must draw one row anew, not the tree.
 */
export const MemberRow = memo(function MemberRow({ member, onAir, plainRole }: MemberRowProps): ReactElement {
  const heard = useWindow((state) => state.talking.has(member.token));
  const talking = member.self ? onAir || heard : heard;
  const open = (event: MouseEvent<HTMLElement>): void => {
    event.preventDefault();
    showMenu({ kind: 'member', token: member.token, place: menuPlace(event) });
  };
  return (
    <li
      className="member"
      data-testid="member"
      data-nickname={member.nickname}
      data-talking={talking}
      data-self={member.self}
      data-listeners={member.listeners}
      data-keys={member.keys}
      data-whispering={member.whispering}
      data-reconnecting={member.reconnecting}
      onContextMenu={open}
    >
      <MemberBadge member={member} />
      <span className="member-name">
        <span className="member-line">
          <bdi
            className="member-nickname"
            title={member.listeners ? LISTENERS_MEMBER_SENTENCE : member.nickname}
          >
            {member.nickname}
          </bdi>
          {member.self ? <span className="member-you engraved">You</span> : null}
          {member.listeners ? (
            <span className="visually-hidden">{`. ${LISTENERS_MEMBER_SENTENCE}`}</span>
          ) : null}
          {member.role === plainRole ? null : (
            <span className="tag" data-testid="member-role" title={`Role: ${member.roleName}`}>
              {member.roleName}
            </span>
          )}
        </span>
        <MemberNotes member={member} talking={talking} />
      </span>
      {member.self || member.listeners ? null : <MemberVolume member={member} />}
      <button
        type="button"
        className="button member-more"
        data-kind="quiet"
        data-size="small"
        data-shape="square"
        data-testid="member-more"
        aria-haspopup="dialog"
        aria-label={`More about ${member.nickname}`}
        title="More"
        onClick={open}
      >
        <Icon name="more" />
      </button>
    </li>
  );
});

function MemberBadge({ member }: { member: Member }): ReactElement {
  if (!member.listeners) {
    return (
      <span className="badge" data-tint={badgeTint(member.nickname)} aria-hidden="true">
        {initials(member.nickname)}
      </span>
    );
  }
  return (
    <span className="badge" data-kind="listeners" aria-hidden="true">
      <Icon name="ear" size={18} />
    </span>
  );
}

function MemberNotes({ member, talking }: { member: Member; talking: boolean }): ReactElement | null {
  const notes = memberNotes(member, talking);
  if (notes.length === 0) return null;
  return (
    <span className="member-notes">
      {notes.map((note) => (
        <span key={note.key} className="member-note" data-note={note.key} data-tone={note.tone}>
          {note.icon === null ? null : <Icon name={note.icon} size={14} />}
          {note.text}
        </span>
      ))}
    </span>
  );
}

function MemberVolume({ member }: { member: Member }): ReactElement {
  const { api } = useProgram();
  return (
    <span className="member-volume" title={`Volume: ${percentText(member.volume)}`}>
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
    </span>
  );
}
