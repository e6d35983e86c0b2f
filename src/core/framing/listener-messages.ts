import { type Broadcast, type Tags, tagOf } from '../program/broadcast.ts';
import type { VisitRefusal } from '../program/programs.ts';
import type { Delivery, HelloFault } from './hello.ts';

/** Why a listener is not let in, or is put out again. */
export type ListenerRefusal =
  | VisitRefusal
  | HelloFault
  | 'helloMissing'
  | 'channelMissing'
  | 'nothingInCommon'
  | 'publishedElsewhere';

/** Everything that is said to a listener beside its frames. JSON texts, in the order of the fields here. */
export interface WelcomeAccepted {
  readonly channel: string;
  readonly sessionId: string;
  readonly delivery: Delivery;
  /** Name of the channel, for people. */
  readonly name: string;
  /** It may send frames of its own. */
  readonly talk: boolean;
  /** Where the program is as Ogg, on this relay. */
  readonly stream: string;
}

export function welcomeText(welcome: WelcomeAccepted): string {
  const { channel, sessionId, delivery, name, talk, stream } = welcome;
  return JSON.stringify({
    type: 'welcome',
    channel,
    accepted: true,
    sessionId,
    delivery,
    name,
    talk,
    stream,
  });
}

/**
 * @param channel as the client named it; null: it named none
 * @param error a sentence for people
 */
export function refusalText(
  channel: string | null,
  reason: ListenerRefusal,
  error: string,
  retryAfterSeconds: number | null,
): string {
  const wait = retryAfterSeconds === null ? {} : { retryAfterSeconds };
  return JSON.stringify({ type: 'welcome', channel, accepted: false, error, code: reason, ...wait });
}

/**
 * Most of the tags that are told, names and values together, in UTF-16 units: everybody gets them at once. What is left
 * out is in the Ogg stream.
 */
export const MAX_META_TAGS_LENGTH = 8_192;

/** Told before all others, so that nothing long takes their place. */
const FIRST_TAGS = ['title', 'artist', 'album'];

/** Of a name that comes more than once the first value; of all of them as much as there is room for. */
function toldTags(tags: Tags): Record<string, string> {
  const named = new Map<string, string>();
  for (const name of FIRST_TAGS) {
    const value = tagOf(tags, name);
    if (value !== null) named.set(name, value);
  }
  let length = 0;
  for (const [name, value] of tags) {
    length += name.length + value.length;
    if (length <= MAX_META_TAGS_LENGTH && !named.has(name)) named.set(name, value);
  }
  return Object.fromEntries(named);
}

/**
 * What is heard: who sends it, and its tags.
 *
 * @param timestampUs place in the program from which on it holds
 */
export function metaText(channel: string, broadcast: Broadcast, tags: Tags, timestampUs: number): string {
  return JSON.stringify({
    type: 'meta',
    channel,
    source: broadcast.source,
    tags: toldTags(tags),
    ...(broadcast.bitrate === null ? {} : { bitrate: broadcast.bitrate }),
    channels: broadcast.channels,
    timestamp_us: timestampUs,
  });
}

export function publisherText(channel: string, action: 'start' | 'stop'): string {
  return JSON.stringify({ type: 'publisher', channel, action });
}

/** Something a client did was refused, but the connection goes on. */
export function errorText(code: 'floorTaken' | 'talkNotOffered', message: string): string {
  return JSON.stringify({ type: 'error', code, message });
}
