import { decodedPart } from './text-bytes.ts';

/** What an RTSP address names. */
export interface RtspAddress {
  /** Slug, name or id of a channel; decoded. */
  readonly channel: string;
  /** Secret that was given with it; null: none. */
  readonly key: string | null;
  /** Number of a track; null: all of it. */
  readonly track: number | null;
  /** As given, without query and track, ending without a slash: tracks are below it. */
  readonly base: string;
}

const SCHEME_AND_HOST = /^(?:rtsps?|rtspu):\/\/[^/?#]*/i;
const TRACK = /^trackID=(\d{1,2})$/i;

function keyIn(query: string): string | null {
  for (const part of query.split(/[&;]/)) {
    const [name, ...rest] = part.split('=');
    if (name?.toLowerCase() === 'key') return decodedPart(rest.join('='));
  }
  return null;
}

/**
 * Reads `rtsp://host:port/<channel>[/trackID=n][?key=…]`. Players build the address of a track by writing it behind the
 * one they were given, query or not (`…/music?key=x/trackID=0`): that is read too. A key holds no slash.
 *
 * @returns null: no channel can be meant
 */
export function readRtspAddress(text: string): RtspAddress | null {
  const host = SCHEME_AND_HOST.exec(text)?.[0] ?? (text.startsWith('/') ? '' : null);
  if (host === null) return null;
  const [target = ''] = text.slice(host.length).split('#');
  const [path = '', ...queries] = target.split('?');
  const [query = '', ...behind] = queries.join('?').split('/');
  const [, channelPart = '', ...trackParts] = path.split('/');
  const channel = decodedPart(channelPart.replace(/\.ogg$/i, ''));
  const tracks = [...trackParts, ...behind].filter((part) => part !== '');
  const [, number] = TRACK.exec(tracks[0] ?? '') ?? [];
  if (channel === null || channel === '' || tracks.length > 1) return null;
  if (tracks.length === 1 && number === undefined) return null;
  const track = number === undefined ? null : Number(number);
  return { channel, key: keyIn(query), track, base: `${host}/${channelPart}` };
}
