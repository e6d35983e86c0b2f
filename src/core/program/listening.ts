/** Who may listen to a channel's program. */
export type ListeningAccess = 'link' | 'password' | 'public';

/** What a program is made of: the members' voices, mixed; or what a publisher sends, untouched. */
export type ProgramSource = 'conversation' | 'publisher';

/** Name that a client gives with a listening password (RTSP digest, HTTP Basic), and realm of both. */
export const LISTENER_USER = 'listener';
export const LISTENING_REALM = 'Sidetone';

/**
 * A password as digest authentication needs it (RFC 7616, section 3.4.2): hashes of `user:realm:password`, in
 * lower-case hexadecimal. Whoever has them can log in with them, so they are kept like passwords.
 */
export interface PasswordHashes {
  readonly md5: string;
  readonly sha256: string;
}

/** A channel whose `listeners` switch is on, as the gateways need it. */
export interface ListeningChannel {
  readonly id: number;
  readonly name: string;
  /** Its name in addresses: lower-case letters, digits and hyphens; unique in the room. */
  readonly slug: string;
  readonly source: ProgramSource;
  readonly access: ListeningAccess;
  /** Secret of its listening link: 22 characters of base64url (128 bits). */
  readonly linkKey: string;
  /** Null: there is no listening password. */
  readonly password: PasswordHashes | null;
  /** Secret of whoever publishes; null: nobody may. 22 characters of base64url. */
  readonly publishKey: string | null;
  /** Listeners with a WebSocket may talk, one at a time. */
  readonly talk: boolean;
  /** Most listeners at a time. */
  readonly maxListeners: number;
  /** bit/s of a mix. */
  readonly bitrate: number;
}

/** Longest part of a name that is kept in an address. */
const MAX_SLUG_LENGTH = 48;

/**
 * Names of channels in addresses: what is neither letter nor digit becomes a hyphen, accents are dropped; a name that
 * leaves nothing, or the same as an earlier channel's, is told apart by its id.
 */
export function slugsOf(
  channels: readonly { readonly id: number; readonly name: string }[],
): Map<number, string> {
  const taken = new Set<string>();
  const slugs = new Map<number, string>();
  for (const { id, name } of [...channels].sort((one, other) => one.id - other.id)) {
    const plain = name
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, MAX_SLUG_LENGTH);
    const slug = plain === '' ? `channel-${id}` : taken.has(plain) ? `${plain}-${id}` : plain;
    taken.add(slug);
    slugs.set(id, slug);
  }
  return slugs;
}
