import type { Permission } from '../../../contract/room.ts';

/** Highest rank a role can have, as the contract's schema has it. */
export const MAX_RANK = 100;

/** Everything a role can be allowed, in words, in the order it is shown. */
export const permissionChoices: readonly { readonly value: Permission; readonly label: string }[] = [
  { value: 'move', label: 'Move others to another channel' },
  { value: 'mute', label: 'Mute others for everybody' },
  { value: 'kick', label: 'Kick others out of the room' },
  { value: 'ban', label: 'Ban others, and see who is banned' },
  { value: 'channels', label: 'Add, change and remove channels' },
  { value: 'roles', label: 'Make roles and give them out' },
];

/** What a role may do, in a line. */
export function permissionsText(permissions: readonly Permission[]): string {
  const words = permissionChoices.filter((choice) => permissions.includes(choice.value));
  if (words.length === 0) return 'Talks and writes like everybody';
  if (words.length === permissionChoices.length) return 'May do everything';
  return words.map((choice, index) => (index === 0 ? choice.label : lowerFirst(choice.label))).join('; ');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
