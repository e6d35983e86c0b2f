/** What a room shows the relay that it wants to be found through. */
export interface UplinkIdentity {
  /** http, https, ws or wss. */
  readonly url: string;
  readonly robotId: string;
  readonly apiKey: string;
  /** The key goes in a header: only for relays that know it. */
  readonly credentialsInHeader: boolean;
}

/** Where to connect, and the headers to send. Holds the credentials: never written anywhere. */
export interface UplinkTarget {
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Lower-case hexadecimal SHA-256 of the relay's certificate: then no authority is asked. Null: one is.
   */
  readonly certificateSha256: string | null;
}

/** Names of the relay's parameters, and of the headers that stand for the key. */
export const KEY_PARAMETER = 'api_key';
export const KEY_HEADER = 'x-api-key';

const SCHEMES: ReadonlyMap<string, string> = new Map([
  ['http', 'ws'],
  ['https', 'wss'],
  ['ws', 'ws'],
  ['wss', 'wss'],
]);

/** Headers carry visible ASCII and spaces alone; a key with anything else would be refused by every stack. */
const HEADER_TEXT = /^[\x20-\x7e]*$/;

/** Behind the address, for relays that made their own certificate; it is never sent. */
const PINNED = /^sha256=((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})$/i;

/**
 * The relay's address for a room: `type`, `robot_id` and `api_key`, in that order, behind what the address has of its
 * own. Values are percent-encoded, so that a key with an ampersand stays a key.
 *
 * @param identity its `url` may end in `#sha256=<fingerprint>`, where the relay made its own certificate
 * @returns null when the address is of no kind that a socket can be opened to, what is behind it is no fingerprint, or
 *   the key does not fit a header
 */
export function uplinkTarget({
  url,
  robotId,
  apiKey,
  credentialsInHeader,
}: UplinkIdentity): UplinkTarget | null {
  const [, scheme = '', rest = '', fragment = ''] =
    /^([a-z]+):\/\/([^\s#]+)(?:#(\S*))?$/i.exec(url.trim()) ?? [];
  const socketScheme = SCHEMES.get(scheme.toLowerCase());
  const pin = PINNED.exec(fragment)?.[1] ?? null;
  if (socketScheme === undefined || (fragment !== '' && (pin === null || socketScheme !== 'wss')))
    return null;
  if (credentialsInHeader && !HEADER_TEXT.test(apiKey)) return null;
  const parameters = [
    ['type', 'robot'],
    ['robot_id', robotId],
    ...(credentialsInHeader ? [] : [[KEY_PARAMETER, apiKey]]),
  ].map(([name = '', value = '']) => `${name}=${encodeURIComponent(value)}`);
  const joint = !rest.includes('?') ? '?' : rest.endsWith('?') || rest.endsWith('&') ? '' : '&';
  return {
    address: `${socketScheme}://${rest}${joint}${parameters.join('&')}`,
    headers: credentialsInHeader ? { authorization: `Bearer ${apiKey}`, [KEY_HEADER]: apiKey } : {},
    certificateSha256: pin === null ? null : pin.replaceAll(':', '').toLowerCase(),
  };
}
