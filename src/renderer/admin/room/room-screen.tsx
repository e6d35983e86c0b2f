import { type KeyboardEvent, type ReactElement, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { Account, AdminMember, AdminRoom } from '../../../contract/admin.ts';
import { memberCountText } from '../../features/channels/channel-tree.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { SelectField, TextField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { announce } from '../shell/announcer.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { permissionRule } from '../state/rights.ts';
import { MemberCard } from './member-card.tsx';
import { MemberFloating } from './member-dialogs.tsx';
import { followDrags } from './member-drag.ts';
import { resetMemberFloating, stopAt, tellMemberProblem, useMemberFloating } from './member-floating.ts';
import {
  type ChannelBranch,
  countText,
  foundMembers,
  type MemberFilter,
  memberFilters,
  readFilter,
  roomBranches,
} from './room-tree.ts';
import '../../features/people/people.css';
import './room.css';

interface RoomScreenProps {
  readonly room: AdminRoom;
  readonly account: Account;
}

/** Who is where in the room, now; members are moved, muted, given roles, kicked and banned here. */
export function RoomScreen({ room, account }: RoomScreenProps): ReactElement {
  const [search, setSearch] = useState('');
  const [filter, setFilter] = useState<MemberFilter>('all');
  useEffect(() => resetMemberFloating, []);
  const found = useMemo(() => foundMembers(room.members, search, filter), [room.members, search, filter]);
  const narrowed = search.trim() !== '' || filter !== 'all';
  const moveRule = permissionRule('move', account.role, room);
  return (
    <>
      <div className="room-tools">
        <div className="room-about">
          <p data-testid="room-count">
            {narrowed ? `${found.length} of ${room.members.length} found` : countText(room.members)}
          </p>
          <p className="field-hint" id="room-hint">
            {moveRule === ''
              ? 'Drag somebody onto a channel to move them, or use their menu. Arrow keys go from one to the next.'
              : moveRule}
          </p>
        </div>
        <TextField label="Search by name" value={search} onChange={setSearch} testId="member-search" />
        <SelectField
          label="Show"
          value={filter}
          choices={memberFilters}
          onChange={(value) => setFilter(readFilter(value))}
          testId="member-filter"
        />
      </div>
      <RoomList room={room} found={found} narrowed={narrowed} movable={moveRule === ''} />
      <MemberFloating room={room} account={account} />
    </>
  );
}

/** Where a key leads among the stops: up and down by one, Home and End to the ends. */
function nextStop(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowDown':
      return Math.min(at + 1, count - 1);
    case 'ArrowUp':
      return Math.max(at - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}

function goOn(event: KeyboardEvent<HTMLElement>): void {
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-stop]')];
  const next = nextStop(event.key, stops.indexOf(event.target as HTMLElement), stops.length);
  if (next === null) return;
  event.preventDefault();
  stops[next]?.focus();
}

interface RoomListProps {
  readonly room: AdminRoom;
  readonly found: readonly AdminMember[];
  readonly narrowed: boolean;
  readonly movable: boolean;
}

function RoomList({ room, found, narrowed, movable }: RoomListProps): ReactElement {
  const { api } = useDashboard();
  const list = useRef<HTMLElement>(null);
  const latest = useRef(room);
  latest.current = room;
  const { branches, outside } = useMemo(() => roomBranches(room, found), [room, found]);
  useEffect(() => {
    if (list.current === null) return;
    const drop = async (token: number, channel: number): Promise<void> => {
      const nameOf = (id: number): string => latest.current.channels.find((one) => one.id === id)?.name ?? '';
      const nickname = latest.current.members.find((one) => one.token === token)?.nickname ?? '';
      tellMemberProblem(token, '');
      const sentence = await sentenceOf(api.move(token, channel));
      tellMemberProblem(token, sentence);
      announce(sentence === '' ? `${nickname} is now in ${nameOf(channel)}.` : sentence);
    };
    return followDrags({ list: list.current, onDrop: (token, channel) => void drop(token, channel) });
  }, [api]);
  useEffect(() => {
    const { stop } = useMemberFloating.getState();
    if (stop === null || found.some((member) => member.token === stop)) return;
    // Whoever the keyboard stood at is gone, or not shown: the list must not lose its stop, nor the person the place.
    stopAt(null);
    if (document.activeElement === document.body)
      list.current?.querySelector<HTMLElement>('[data-stop]')?.focus();
  }, [found]);
  const first = branches.find((branch) => branch.members.length > 0)?.members[0] ?? outside[0];
  const shared = { room, movable, first: first?.token ?? null };
  return (
    <section
      ref={list}
      className="room-list scrolls"
      aria-label="Channels and members"
      aria-describedby="room-hint"
      data-testid="room-list"
      onKeyDown={goOn}
    >
      {narrowed && found.length === 0 ? (
        <p className="empty" data-testid="room-empty">
          Nobody is found. Search for less, or show everybody.
        </p>
      ) : null}
      {branches.map((branch) => (
        <Branch key={branch.channel.id} branch={branch} shared={shared} narrowed={narrowed} />
      ))}
      {outside.length === 0 ? null : (
        <section className="room-branch" aria-label="In no channel">
          <h2 className="room-branch-head engraved">In no channel</h2>
          <Members members={outside} shared={shared} />
        </section>
      )}
    </section>
  );
}

interface Shared {
  readonly room: AdminRoom;
  readonly movable: boolean;
  readonly first: number | null;
}

function Branch(props: { branch: ChannelBranch; shared: Shared; narrowed: boolean }): ReactElement {
  const { branch, shared, narrowed } = props;
  const { channel, members } = branch;
  const id = useId();
  const present = shared.room.members.filter(
    (member) => member.channel === channel.id && !member.listeners,
  ).length;
  const counted = memberCountText(present, channel.config.maxMembers);
  return (
    <section
      className="room-branch"
      aria-labelledby={id}
      data-testid="channel"
      data-name={channel.name}
      data-drop={channel.id}
      data-depth={branch.depth}
    >
      <h2 className="room-branch-head" id={id}>
        <Icon name={channel.locked ? 'lock' : 'channel'} size={16} />
        <bdi className="room-branch-name" title={channel.name}>
          {channel.name}
        </bdi>
        {channel.locked ? <span className="visually-hidden">, asks for a password</span> : null}
        {channel.config.listeners ? (
          <span className="tag">
            <Icon name="ear" size={12} />
            Listeners
          </span>
        ) : null}
        <span className="channel-count reading">
          <span className="visually-hidden">People: </span>
          {counted}
        </span>
      </h2>
      {members.length > 0 ? <Members members={members} shared={shared} /> : null}
      {members.length === 0 && !narrowed ? <p className="room-nobody">Nobody is here.</p> : null}
    </section>
  );
}

function Members({ members, shared }: { members: readonly AdminMember[]; shared: Shared }): ReactElement {
  const { roles } = shared.room;
  const lowest = Math.min(...roles.map((role) => role.rank));
  return (
    <ul className="room-members">
      {members.map((member) => {
        const role = roles.find((one) => one.id === member.role);
        return (
          <MemberCard
            key={member.token}
            member={member}
            roleName={role === undefined || role.rank === lowest ? '' : role.name}
            movable={shared.movable}
            first={member.token === shared.first}
          />
        );
      })}
    </ul>
  );
}
