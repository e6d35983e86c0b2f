import { MAX_MEMBERS_PAGE, type MemberInfo } from '../wire/control.ts';
import { type Member, memberInfo, type Room } from './room.ts';

/** Part of the member list. `complete`: nobody is missing behind it. */
export interface MemberPage {
  readonly members: MemberInfo[];
  readonly complete: boolean;
}

/**
 * Members in one message of a room that does not fit one. About 12 KB: a TLS record holds 16, and Node keeps the buffers
 * of the longest message that a connection was ever sent, which in a room of thousands is most of the memory.
 */
export const LARGE_ROOM_PAGE = 32;

/** What a welcome shows of the room: everybody; in a larger one oneself, the own channel whole, and others up to a page. */
export function firstPage(room: Room, member: Member): MemberPage {
  if (room.size <= MAX_MEMBERS_PAGE)
    return { members: Array.from(room.members(), memberInfo), complete: true };
  const members = [memberInfo(member)];
  // Whole, as it shares keys: nobody shall get one about somebody unheard of.
  for (const near of member.channel?.members ?? []) {
    if (near !== member && members.length < MAX_MEMBERS_PAGE) members.push(memberInfo(near));
  }
  for (const other of room.members()) {
    if (members.length >= LARGE_ROOM_PAGE) break;
    const shown = other === member || (other.channel !== null && other.channel === member.channel);
    if (!shown) members.push(memberInfo(other));
  }
  return { members, complete: false };
}

/** The members with the lowest tokens above `after`. */
export function pageAfter(room: Room, after: number): MemberPage {
  const tokens: number[] = [];
  for (const { token } of room.members()) if (token > after) tokens.push(token);
  tokens.sort((a, b) => a - b);
  const members = tokens.slice(0, LARGE_ROOM_PAGE).flatMap((token) => {
    const member = room.find(token);
    return member === undefined ? [] : [memberInfo(member)];
  });
  return { members, complete: tokens.length <= LARGE_ROOM_PAGE };
}
