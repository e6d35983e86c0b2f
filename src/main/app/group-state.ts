import { bytesToBase64Url } from '../../core/base/base64url.ts';
import type { GroupState } from '../../core/wire/key-delivery.ts';
import type { GroupPort } from './ports.ts';

const GROUP_LABEL = 'sidetone group 1';

/** Names the group of a channel in one generation, the same for all its members. */
export function groupId(state: GroupState): Uint8Array {
  const id = new Uint8Array(GROUP_LABEL.length + 9);
  for (let at = 0; at < GROUP_LABEL.length; at += 1) id[at] = GROUP_LABEL.charCodeAt(at);
  const view = new DataView(id.buffer);
  view.setUint32(GROUP_LABEL.length + 1, state.channel);
  view.setUint32(GROUP_LABEL.length + 5, state.generation);
  return id;
}

function isIn(group: GroupPort, state: GroupState): boolean {
  return group.groupId !== null && bytesToBase64Url(group.groupId) === bytesToBase64Url(groupId(state));
}

/** The group stands at exactly that state. */
export function isAt(group: GroupPort, state: GroupState): boolean {
  return isIn(group, state) && group.epoch === BigInt(state.epoch);
}

/** The group has left that state behind. */
export function isPast(group: GroupPort, state: GroupState): boolean {
  return isIn(group, state) && group.epoch !== null && group.epoch > BigInt(state.epoch);
}
