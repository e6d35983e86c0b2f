/** Longest reference to a channel, percent-encoded: its name has 64 characters at most, of up to 12 each. */
const MAX_REFERENCE_LENGTH = 1_024;

/** A mount point names a channel alone, or under what its stream and its publisher's address have before it. */
const MOUNT = /^\/(?:publish\/|stream\/)?([^/]+?)(?:\.(?:ogg|oga|opus))?$/i;

/** Sound in Ogg under all its names; and what programs say that were not told what they send. */
const TAKEN_TYPES = new Set([
  'audio/ogg',
  'application/ogg',
  'audio/opus',
  'video/ogg',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'audio/mpeg',
]);

/** The channel that a mount point or a publisher's address names, decoded; null: it is neither. */
export function channelOfMount(pathname: string): string | null {
  if (pathname.length > MAX_REFERENCE_LENGTH) return null;
  const reference = MOUNT.exec(pathname)?.[1];
  if (reference === undefined) return null;
  try {
    return decodeURIComponent(reference);
  } catch {
    return null;
  }
}

/**
 * Whether a body of that type is looked at. ffmpeg calls everything audio/mpeg that it sends to Icecast, and curl
 * everything form data; what it really is its first page tells.
 */
export function mayBeOgg(contentType: string | null): boolean {
  const [type = ''] = (contentType ?? '').split(';');
  return type.trim() === '' || TAKEN_TYPES.has(type.trim().toLowerCase());
}

/** bit/s that a source client announces, by the headers of Icecast; null: it does not. */
export function announcedBitrate(bitrate: string | null, audioInfo: string | null): number | null {
  const said =
    /^\s*(\d{1,4})\s*$/.exec(bitrate ?? '') ??
    /(?:^|[;\s])(?:ice-)?bitrate=(\d{1,4})\b/i.exec(audioInfo ?? '');
  const kilobits = Number(said?.[1] ?? 0);
  return kilobits > 0 ? kilobits * 1_000 : null;
}
