import type { Channel, Member } from '../../../contract/dto.ts';
import { memberOrder } from '../room/room-status.ts';

/** As many members as a channel can be told to take; such a limit says nothing and is not shown. */
export const NO_MEMBER_LIMIT = 200;

/** A channel with who is in it and what lies in it. */
export interface ChannelNode {
  readonly channel: Channel;
  readonly members: readonly Member[];
  readonly children: readonly ChannelNode[];
}

/** The room as a tree; `outside` are in none of its channels. */
export interface RoomTree {
  readonly roots: readonly ChannelNode[];
  readonly outside: readonly Member[];
}

/**
 * Hangs channels under their parents, in the order they come, and members under their channel, oneself first.
 *
 * A channel whose parent is not there, or that lies in itself, stands at the top: it is shown, whatever came.
 */
export function roomTree(channels: readonly Channel[], members: readonly Member[]): RoomTree {
  const known = new Set(channels.map((channel) => channel.id));
  const inside = new Map<number, Member[]>();
  const outside: Member[] = [];
  for (const member of memberOrder(members)) {
    if (member.channel === null || !known.has(member.channel)) outside.push(member);
    else inside.set(member.channel, [...(inside.get(member.channel) ?? []), member]);
  }
  const lying = new Map<number | null, Channel[]>();
  const before = new Set<number>();
  for (const channel of channels) {
    // In tree order a parent comes before its children; what does not is taken for the top.
    const parent = channel.parent !== null && before.has(channel.parent) ? channel.parent : null;
    lying.set(parent, [...(lying.get(parent) ?? []), channel]);
    before.add(channel.id);
  }
  const node = (channel: Channel): ChannelNode => ({
    channel,
    members: inside.get(channel.id) ?? [],
    children: (lying.get(channel.id) ?? []).map(node),
  });
  return { roots: (lying.get(null) ?? []).map(node), outside };
}

/** Why a channel cannot be removed although one may change it; empty: it can. The room decides the same way. */
export function removeRule(
  channel: Pick<Channel, 'id' | 'landing' | 'rules'>,
  channels: readonly Pick<Channel, 'parent'>[],
  members: readonly Pick<Member, 'channel' | 'listeners'>[],
): string {
  if (channel.rules.manage !== '') return channel.rules.manage;
  if (channel.landing) return 'Everybody who comes lands here.';
  if (members.some((member) => member.channel === channel.id && !member.listeners))
    return 'Somebody is in it.';
  return channels.some((one) => one.parent === channel.id) ? 'Other channels lie in it.' : '';
}

/** "3", or "3 of 10" where the channel takes no more than ten. */
export function memberCountText(count: number, limit: number): string {
  return limit >= NO_MEMBER_LIMIT ? String(count) : `${count} of ${limit}`;
}

/** Channels for a choice, those that lie in others moved to the right. */
export function channelChoices(
  channels: readonly Pick<Channel, 'id' | 'name' | 'depth'>[],
): { value: string; label: string }[] {
  return channels.map(({ id, name, depth }) => ({
    value: String(id),
    // No-break spaces: a list of choices folds others.
    label: `${'\u00a0\u00a0'.repeat(depth)}${name}`,
  }));
}
