/** Scheme of invite links. */
export const LINK_SCHEME = 'sidetone';

/** Longest link taken from the system, as long as the join box takes. */
export const MAX_LINK_LENGTH = 512;

/** The first invite link among a program's arguments, if any. */
export function linkAmong(argv: readonly string[]): string | null {
  for (const argument of argv) {
    if (argument.length <= MAX_LINK_LENGTH && argument.toLowerCase().startsWith(`${LINK_SCHEME}://`)) {
      return argument;
    }
  }
  return null;
}
