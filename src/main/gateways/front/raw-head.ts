/** Longest head of a request that is read before it is known whose it is, in bytes; Node's own limit for HTTP. */
export const MAX_HEAD_BYTES = 16_384;

/** The head of a request of a source client that HTTP would take for one without a body. */
export interface RawHead {
  readonly method: string;
  readonly target: string;
  /** Names in lower case; the last of several counts. */
  readonly headers: ReadonlyMap<string, string>;
}

/** What the first bytes of a connection are; `lengthBytes` is where the body begins. */
export type HeadRead =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'http' }
  | { readonly kind: 'raw'; readonly head: RawHead; readonly lengthBytes: number };

const REQUEST_LINE = /^([A-Z]+) (\S+) (?:HTTP\/1\.[01]|ICE\/1\.0)$/;

/** Methods of which a source client's is one; any other goes to HTTP without a further look. */
const MAY_BE_RAW = ['SOURCE ', 'PUT '];

/**
 * Tells a source client that just sends (`SOURCE` of Icecast 1 and 2, and the `PUT` without length and chunks of
 * ffmpeg and others) from HTTP. What is malformed is left to HTTP's own parser to refuse.
 *
 * @param bytes everything received so far
 */
export function readRawHead(bytes: Buffer): HeadRead {
  const begin = bytes.subarray(0, 7).toString('latin1');
  const mayBe = MAY_BE_RAW.some((method) => begin.startsWith(method) || method.startsWith(begin));
  if (!mayBe) return { kind: 'http' };
  const end = endOfHead(bytes);
  if (end === null) return { kind: bytes.length < MAX_HEAD_BYTES ? 'incomplete' : 'http' };
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').trimEnd().split(/\r?\n/);
  const [, method, target] = REQUEST_LINE.exec(first) ?? [];
  if (method === undefined || target === undefined) return { kind: 'http' };
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const isFramed = headers.has('content-length') || headers.has('transfer-encoding');
  if (method !== 'SOURCE' && isFramed) return { kind: 'http' };
  return { kind: 'raw', head: { method, target, headers }, lengthBytes: end };
}

/** Behind the empty line; null: there is none yet. */
function endOfHead(bytes: Buffer): number | null {
  const strict = bytes.indexOf('\r\n\r\n');
  const loose = bytes.indexOf('\n\n');
  if (strict === -1 && loose === -1) return null;
  if (loose === -1 || (strict !== -1 && strict < loose)) return strict + 4;
  return loose + 2;
}
