import type { AdminChannel, AdminMember, AdminRoom } from '../../../contract/admin.ts';

/** A channel with who is in it, and how deep it lies; the top is 0. */
export interface ChannelBranch {
  readonly channel: AdminChannel;
  readonly depth: number;
  readonly members: readonly AdminMember[];
}

/** The room in the order in which it is shown; `outside` are in none of its channels. */
export interface RoomBranches {
  readonly branches: readonly ChannelBranch[];
  readonly outside: readonly AdminMember[];
}

/** Made once: a room can hold thousands, and `localeCompare` makes one for every pair. */
const collator = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });

function byName(a: AdminMember, b: AdminMember): number {
  return collator.compare(a.nickname, b.nickname) || a.token - b.token;
}

/**
 * Channels in tree order, each with its depth: a channel stands under its parent.
 *
 * A channel whose parent is not there, or that lies in itself, stands at the top: it is shown, whatever came.
 */
export function treeOrder(channels: readonly AdminChannel[]): { channel: AdminChannel; depth: number }[] {
  const known = new Set(channels.map((channel) => channel.id));
  const under = Map.groupBy(channels, ({ parent }) => (parent !== null && known.has(parent) ? parent : null));
  const shown = new Set<number>();
  const ordered: { channel: AdminChannel; depth: number }[] = [];
  const walk = (list: readonly AdminChannel[], depth: number): void => {
    for (const channel of list) {
      if (shown.has(channel.id)) continue;
      shown.add(channel.id);
      ordered.push({ channel, depth });
      walk(under.get(channel.id) ?? [], depth + 1);
    }
  };
  walk(under.get(null) ?? [], 0);
  // What is left lies in a circle.
  walk(
    channels.filter((channel) => !shown.has(channel.id)),
    0,
  );
  return ordered;
}

/** Channels as choices, those that lie in others moved to the right. */
export function channelOptions(channels: readonly AdminChannel[]): { value: string; label: string }[] {
  return treeOrder(channels).map(({ channel, depth }) => ({
    value: String(channel.id),
    // No-break spaces: a list of choices folds others.
    label: `${'\u00a0\u00a0'.repeat(depth)}${channel.name}`,
  }));
}

/** Hangs members under their channels, by name, the same order on every change. */
export function roomBranches(
  room: Pick<AdminRoom, 'channels'>,
  members: readonly AdminMember[],
): RoomBranches {
  const known = new Set(room.channels.map((channel) => channel.id));
  const inside = Map.groupBy([...members].sort(byName), ({ channel }) =>
    channel !== null && known.has(channel) ? channel : null,
  );
  return {
    branches: treeOrder(room.channels).map(({ channel, depth }) => ({
      channel,
      depth,
      members: inside.get(channel.id) ?? [],
    })),
    outside: inside.get(null) ?? [],
  };
}

/** Whom the room's list shows. */
export type MemberFilter = 'all' | 'people' | 'bots' | 'muted';

/** The choices, in the order in which they are offered. */
export const memberFilters: readonly { readonly value: MemberFilter; readonly label: string }[] = [
  { value: 'all', label: 'Everybody' },
  { value: 'people', label: 'People only' },
  { value: 'bots', label: 'Bots only' },
  { value: 'muted', label: 'Muted for everybody' },
];

/** Reads a choice; anything else shows everybody. */
export function readFilter(value: string): MemberFilter {
  return memberFilters.find((filter) => filter.value === value)?.value ?? 'all';
}

function passes(member: AdminMember, filter: MemberFilter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'people':
      return !member.bot && !member.listeners;
    case 'bots':
      return member.bot;
    case 'muted':
      return member.mutedForAll;
  }
}

/** The members that a search and a filter leave. Case and accents do not matter, an identity is found by its start. */
export function foundMembers(
  members: readonly AdminMember[],
  search: string,
  filter: MemberFilter,
): readonly AdminMember[] {
  const wanted = plain(search.trim());
  return members.filter(
    (member) =>
      passes(member, filter) &&
      (wanted === '' || plain(member.nickname).includes(wanted) || member.identity.startsWith(search.trim())),
  );
}

/** Without case and accents. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}

/** How many there are, in words. */
export function countText(members: readonly AdminMember[]): string {
  const bots = members.filter((member) => member.bot).length;
  const people = members.filter((member) => !member.bot && !member.listeners).length;
  const peopleText = people === 1 ? '1 person' : `${people} people`;
  if (bots === 0) return peopleText;
  return `${peopleText} and ${bots === 1 ? '1 bot' : `${bots} bots`}`;
}
