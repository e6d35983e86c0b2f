import { isIPv6 } from 'node:net';
import type { ListeningLinks } from '../../contract/admin.ts';
import type { ListeningSettings } from './listening-settings.ts';

/** Where listeners find the gateways. */
export interface ListeningPlace {
  /** Name or address, without a port. */
  readonly host: string;
  readonly webPort: number;
  /** Null: no RTSP. */
  readonly rtspPort: number | null;
  /** Browsers take the certificate without a question: it is the user's own. */
  readonly trusted: boolean;
  /** Publishers may send their key unencrypted. */
  readonly secretsInTheClear: boolean;
}

/** Any name does where the key is the password. */
const PUBLISHER_USER = 'source';

/**
 * The addresses of a channel, ready to be handed out.
 *
 * Listeners are sent to plain http where the certificate is the room's own: a browser would show a warning instead of
 * the page. Publishers are sent to https even then, since their key is refused unencrypted: programs take any
 * certificate, or are told to.
 */
export function listeningLinks(
  place: ListeningPlace,
  slug: string,
  { access, linkKey, source, publishKey }: ListeningSettings,
): ListeningLinks {
  const { webPort, rtspPort, trusted, secretsInTheClear } = place;
  const host = isIPv6(place.host) ? `[${place.host}]` : place.host;
  const name = encodeURIComponent(slug);
  const secure = trusted ? 's' : '';
  const query = access === 'link' ? `?key=${linkKey}` : '';
  const web = `http${secure}://${host}:${webPort}`;
  const key = source === 'publisher' ? publishKey : null;
  const publishers = `${secretsInTheClear && !trusted ? 'http' : 'https'}://`;
  const at = `${host}:${webPort}`;
  return {
    page: `${web}/listen/${name}${query}`,
    ogg: `${web}/stream/${name}.ogg${query}`,
    rtsp: rtspPort === null ? null : `rtsp://${host}:${rtspPort}/${name}${query}`,
    whep: `${web}/whep/${name}${query}`,
    websocket: `ws${secure}://${at}/ws/${name}${query}`,
    publish: key === null ? null : `${publishers}${PUBLISHER_USER}:${key}@${at}/publish/${name}`,
    icecast: key === null ? null : `icecast://${PUBLISHER_USER}:${key}@${at}/publish/${name}`,
    whip: key === null ? null : `${publishers}${at}/whip/${name}?key=${key}`,
  };
}
