import type { IncomingMessage } from 'node:http';
import type { Proof } from '../../../core/program/programs.ts';

/** Longest secret that is looked at; keys and passwords are shorter. */
const MAX_SECRET_LENGTH = 256;

const BASIC = /^basic +([A-Za-z0-9+/=]+)$/i;

/** What a request shows of itself: `?key=` in its address, else the password of HTTP Basic (RFC 7617). */
export function proofOf(url: URL, request: Pick<IncomingMessage, 'headers'>): Proof {
  return proofOfSecret(url.searchParams.get('key') ?? basicPassword(request.headers.authorization));
}

/**
 * The same for a request to upgrade. A page cannot give a WebSocket a password: what a browser sends of its own accord for
 * a page of somebody else's is not that page's to use.
 */
export function proofOfUpgrade(url: URL, request: Pick<IncomingMessage, 'headers'>): Proof {
  return isLent(request) ? proofOfSecret(url.searchParams.get('key')) : proofOf(url, request);
}

/**
 * The same for a publisher. A foreign page may send a form, or load a picture from an address that names a song, and the
 * browser adds the password that it remembers: that is not taken for a publisher's word either.
 */
export function proofOfPublisher(url: URL, request: Pick<IncomingMessage, 'headers'>): Proof {
  return proofOfUpgrade(url, request);
}

/** A browser asks for a page from elsewhere. What is no browser says nothing of the kind. */
function isLent({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  // Pictures and links come without an origin; where from they come is said all the same (Fetch Metadata).
  return (origin !== undefined && hostOf(origin) !== host) || site === 'cross-site' || site === 'same-site';
}

/** @param secret null: there is none */
export function proofOfSecret(secret: string | null): Proof {
  if (secret === null || secret === '' || secret.length > MAX_SECRET_LENGTH) return { kind: 'none' };
  return { kind: 'secret', secret };
}

function basicPassword(header: string | undefined): string | null {
  const encoded = BASIC.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? null : pair.slice(colon + 1);
}

/** Host and port of an origin; null: it has none. */
function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
