import type { AppState, Connection, Member, Role } from '../../../contract/dto.ts';

/** The connection in a few words. */
export function phaseSentence(connection: Connection): string {
  switch (connection.phase) {
    case 'idle':
      return 'Not in a room';
    case 'connecting':
      return `Connecting to ${connection.relay}…`;
    case 'connected':
      return 'Connected';
    case 'reconnecting':
      return connection.attempt > 1
        ? `Connection lost. Trying again, attempt ${connection.attempt}…`
        : 'Connection lost. Trying again…';
  }
}

/** The connection in one or two words, for the lamp at the top. */
export const phaseLabels: Record<Connection['phase'], string> = {
  idle: 'Not in a room',
  connecting: 'Connecting…',
  connected: 'Connected',
  reconnecting: 'Reconnecting…',
};

/** How the voice path is told; `settling` while its first answer can still be under way. */
export function voicePathSentence(
  path: { readonly voicePath: boolean; readonly pingMs: number | null },
  settling: boolean,
): string {
  if (!path.voicePath) return settling ? 'Checking the voice path…' : 'Voice is not getting through';
  return path.pingMs === null ? 'Voice path open' : `Voice path ${pingText(path.pingMs)}`;
}

/** A round trip in ms: one decimal below 10, none above, "under 1 ms" at the bottom. */
export function pingText(pingMs: number): string {
  if (pingMs < 1) return 'under 1 ms';
  return pingMs < 10 ? `${pingMs.toFixed(1)} ms` : `${Math.round(pingMs)} ms`;
}

/** bit/s as people write them. */
export function bitrateText(bitrate: number): string {
  return `${Math.round(bitrate / 1_000)} kbit/s`;
}

/** Oneself first, then the others by name, who is no person last; the same order on every change. */
export function memberOrder(members: readonly Member[]): readonly Member[] {
  return [...members].sort(
    (a, b) =>
      Number(b.self) - Number(a.self) ||
      Number(a.listeners) - Number(b.listeners) ||
      a.nickname.localeCompare(b.nickname, undefined, { sensitivity: 'base', numeric: true }) ||
      a.token - b.token,
  );
}

/** Up to two letters for the round badge: the first of the first word and of the last. */
export function initials(nickname: string): string {
  const letters = nickname
    .trim()
    .split(/\s+/u)
    .map((word) => [...new Intl.Segmenter().segment(word)][0]?.segment ?? '')
    .filter((letter) => letter !== '');
  const first = letters[0] ?? '?';
  const last = letters.length > 1 ? (letters.at(-1) ?? '') : '';
  return (first + last).toLocaleUpperCase();
}

/** Number of badge tints; the style sheet has as many. */
export const BADGE_TINTS = 6;

/** A tint that a name keeps from one call to the next (FNV-1a over UTF-16 units). */
export function badgeTint(nickname: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < nickname.length; index += 1) {
    hash = Math.imul(hash ^ nickname.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % BADGE_TINTS;
}

/** "Just you", "2 people": how many are here. */
export function headcountText(count: number): string {
  return count <= 1 ? 'Just you' : `${count} people`;
}

/** The role that goes without saying: the lowest of those every room has. */
export function plainRole(roles: readonly Role[]): number {
  return roles.filter((role) => role.builtIn).reduce<Role | null>(lower, null)?.id ?? 0;
}

function lower(lowest: Role | null, role: Role): Role {
  return lowest === null || role.rank < lowest.rank ? role : lowest;
}

/** The title of the window: what a person looks for in the task bar. */
export function windowTitle(
  app: Pick<AppState, 'connection' | 'transmitting'> | null,
  quit: boolean,
): string {
  if (quit) return 'Sidetone has quit';
  if (app === null || app.connection.phase === 'idle') return 'Sidetone';
  if (app.connection.phase === 'connected') {
    const name = app.connection.roomName;
    return app.transmitting ? `● ${name} · Sidetone` : `${name} · Sidetone`;
  }
  return 'Connecting · Sidetone';
}
