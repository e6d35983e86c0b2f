import { bytesToBase64Url } from '../../core/base/base64url.ts';
import { type GroupState, groupIdOf } from '../../core/wire/key-delivery.ts';
import type { GroupPort } from './ports.ts';

function isIn(group: GroupPort, state: GroupState): boolean {
  return group.groupId !== null && bytesToBase64Url(group.groupId) === bytesToBase64Url(groupIdOf(state));
}

/** The group stands at exactly that state. */
export function isAt(group: GroupPort, state: GroupState): boolean {
  return isIn(group, state) && group.epoch === BigInt(state.epoch);
}

/** The group has left that state behind. */
export function isPast(group: GroupPort, state: GroupState): boolean {
  return isIn(group, state) && group.epoch !== null && group.epoch > BigInt(state.epoch);
}
