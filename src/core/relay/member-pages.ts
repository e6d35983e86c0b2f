import { MAX_MEMBERS_PAGE, type MemberInfo } from '../wire/control.ts';
import { type Member, memberInfo, type Room } from './room.ts';

/** Part of the member list. `complete`: nobody is missing behind it. */
export interface MemberPage {
  readonly members: MemberInfo[];
  readonly complete: boolean;
}

/** What a welcome shows of the room: everybody; in a larger one oneself, the own channel, and others as far as there is space. */
export function firstPage(room: Room, member: Member): MemberPage {
  if (room.size <= MAX_MEMBERS_PAGE)
    return { members: Array.from(room.members(), memberInfo), complete: true };
  const members = [memberInfo(member)];
  const add = (other: Member): void => {
    if (other !== member && members.length < MAX_MEMBERS_PAGE) members.push(memberInfo(other));
  };
  for (const near of member.channel?.members ?? []) add(near);
  for (const other of room.members()) {
    if (members.length >= MAX_MEMBERS_PAGE) break;
    if (member.channel === null || other.channel !== member.channel) add(other);
  }
  return { members, complete: false };
}

/** The members with the lowest tokens above `after`. */
export function pageAfter(room: Room, after: number): MemberPage {
  const tokens: number[] = [];
  for (const { token } of room.members()) if (token > after) tokens.push(token);
  tokens.sort((a, b) => a - b);
  const members = tokens.slice(0, MAX_MEMBERS_PAGE).flatMap((token) => {
    const member = room.find(token);
    return member === undefined ? [] : [memberInfo(member)];
  });
  return { members, complete: tokens.length <= MAX_MEMBERS_PAGE };
}
