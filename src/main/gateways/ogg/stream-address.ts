/** Where streams are: `/stream/<channel>`, with what is wanted of it behind the name. */
const PREFIX = '/stream/';

/** Longest reference to a channel, percent-encoded: its name has 64 characters at most, of up to 12 each. */
const MAX_REFERENCE_LENGTH = 1_024;

/** What a request's address asks for. */
export interface StreamAddress {
  /** Slug, name or id, decoded. */
  readonly channel: string;
  /** The stream, or a list with its address in it. */
  readonly form: 'stream' | 'playlist';
}

/** Null: the address is no stream's. */
export function readStreamAddress(pathname: string): StreamAddress | null {
  if (!pathname.startsWith(PREFIX) || pathname.length > PREFIX.length + MAX_REFERENCE_LENGTH) return null;
  const rest = pathname.slice(PREFIX.length);
  const [, reference = rest, ending] = /^(.*)\.(ogg|m3u)$/i.exec(rest) ?? [];
  if (reference === '' || reference.includes('/')) return null;
  const channel = decoded(reference);
  if (channel === null) return null;
  return { channel, form: ending?.toLowerCase() === 'm3u' ? 'playlist' : 'stream' };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** What a Host header may be: a name, an IPv4 address or an IPv6 address in brackets, and a port. */
const HOST = /^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/**
 * A list of one stream, for players that want one (M3U).
 *
 * @param host what the client takes this relay for; null: the address stays relative
 * @param key what it was let in with, to be kept in the address
 */
export function playlistOf({
  channel,
  secure,
  host,
  key,
}: {
  readonly channel: { readonly name: string; readonly slug: string };
  readonly secure: boolean;
  readonly host: string | null;
  readonly key: string | null;
}): string {
  const base = host !== null && HOST.test(host) ? `${secure ? 'https' : 'http'}://${host}${PREFIX}` : '';
  const query = key === null ? '' : `?key=${encodeURIComponent(key)}`;
  const title = channel.name.replace(/\p{Cc}+/gu, ' ');
  return `#EXTM3U\n#EXTINF:-1,${title}\n${base}${encodeURIComponent(channel.slug)}.ogg${query}\n`;
}
