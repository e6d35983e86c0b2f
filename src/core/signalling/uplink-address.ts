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

/**
 * The relay's address for a room: `type`, `robot_id` and `api_key`, in that order, behind what the address has of its
 * own. Values are percent-encoded, so that a key with an ampersand stays a key.
 *
 * @returns null when the address is of no kind that a socket can be opened to, or the key does not fit a header
 */
export function uplinkTarget({
  url,
  robotId,
  apiKey,
  credentialsInHeader,
}: UplinkIdentity): UplinkTarget | null {
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/([^\s#]+)(?:#.*)?$/i.exec(url.trim()) ?? [];
  const socketScheme = SCHEMES.get(scheme.toLowerCase());
  if (socketScheme === undefined) return null;
  const parameters = [
    ['type', 'robot'],
    ['robot_id', robotId],
    ...(credentialsInHeader ? [] : [[KEY_PARAMETER, apiKey]]),
  ].map(([name = '', value = '']) => `${name}=${encodeURIComponent(value)}`);
  const joint = !rest.includes('?') ? '?' : rest.endsWith('?') || rest.endsWith('&') ? '' : '&';
  const address = `${socketScheme}://${rest}${joint}${parameters.join('&')}`;
  if (!credentialsInHeader) return { address, headers: {} };
  if (!HEADER_TEXT.test(apiKey)) return null;
  return { address, headers: { authorization: `Bearer ${apiKey}`, [KEY_HEADER]: apiKey } };
}
