/** Most header lines of a message: players send about ten. */
export const MAX_HEADERS = 64;

/** Longest address: a channel's name, a key and a track fit many times over. */
export const MAX_ADDRESS_LENGTH = 4_096;

const REQUEST_LINE =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32})[ \t]+([!-~\u0080-\u00ff]+)[ \t]+([A-Z]{1,8}\/\d{1,3}\.\d{1,3})[ \t]*$/;
const RESPONSE_LINE = /^RTSP\/\d/;
/** The value is what is behind it: a pattern that cuts blanks off would try a run of them from each of its places. */
const HEADER_NAME = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64})[ \t]*:/;
const NUMBER = /^\d{1,10}$/;

/** A request without its body. Texts have characters up to U+00FF, each a byte as it came. */
export interface RtspHead {
  readonly method: string;
  readonly address: string;
  /** `RTSP/1.0`, or what else was said. */
  readonly version: string;
  /** Names in lower case; of those that came more than once, the first. */
  readonly headers: ReadonlyMap<string, string>;
  readonly contentLength: number;
}

export type HeadFailure =
  | 'requestLine'
  | 'headerLine'
  | 'tooManyHeaders'
  | 'contentLength'
  | 'addressTooLong';

export type HeadReading =
  | { readonly ok: true; readonly kind: 'request'; readonly head: RtspHead }
  /** Somebody answers what nobody asked: passed over, with a body of that length. */
  | { readonly ok: true; readonly kind: 'response'; readonly contentLength: number }
  | { readonly ok: false; readonly reason: HeadFailure };

type Lines =
  | { readonly ok: true; readonly headers: Map<string, string> }
  | { readonly ok: false; readonly reason: HeadFailure };

/** Without blanks and tabs around it. */
function trimmed(text: string): string {
  const isBlank = (at: number): boolean => text[at] === ' ' || text[at] === '\t';
  let [from, to] = [0, text.length];
  while (from < to && isBlank(from)) from += 1;
  while (from < to && isBlank(to - 1)) to -= 1;
  return text.slice(from, to);
}

/** Header lines (RFC 2326, section 4, after RFC 2068): a line that begins with a blank goes on with the one before. */
function headersOf(lines: readonly string[]): Lines {
  const unfolded: string[] = [];
  for (const line of lines) {
    if (/^[ \t]/.test(line) && unfolded.length > 0) unfolded.push(`${unfolded.pop()} ${line.trim()}`);
    else unfolded.push(line);
  }
  if (unfolded.length > MAX_HEADERS) return { ok: false, reason: 'tooManyHeaders' };
  const headers = new Map<string, string>();
  for (const line of unfolded) {
    const [head = '', name] = HEADER_NAME.exec(line) ?? [];
    // A carriage return alone ends no line here, and would end one for whoever gets it repeated.
    if (name === undefined || line.includes('\r')) return { ok: false, reason: 'headerLine' };
    const value = trimmed(line.slice(head.length));
    const lower = name.toLowerCase();
    // Two lengths of one body are how requests are smuggled.
    if (lower === 'content-length' && (headers.get(lower) ?? value) !== value)
      return { ok: false, reason: 'contentLength' };
    if (!headers.has(lower)) headers.set(lower, value);
  }
  return { ok: true, headers };
}

/** @param text the head of a message without the empty line behind it; lines end with CR LF, or LF alone */
export function readHead(text: string): HeadReading {
  const [first = '', ...lines] = text.split(/\r?\n/);
  const parsed = headersOf(lines);
  if (!parsed.ok) return parsed;
  const { headers } = parsed;
  const length = headers.get('content-length') ?? '0';
  if (!NUMBER.test(length)) return { ok: false, reason: 'contentLength' };
  const contentLength = Number(length);
  if (RESPONSE_LINE.test(first)) return { ok: true, kind: 'response', contentLength };
  const [, method, address, version] = REQUEST_LINE.exec(first) ?? [];
  if (method === undefined || address === undefined || version === undefined)
    return { ok: false, reason: 'requestLine' };
  if (address.length > MAX_ADDRESS_LENGTH) return { ok: false, reason: 'addressTooLong' };
  return { ok: true, kind: 'request', head: { method, address, version, headers, contentLength } };
}

/** The number that an answer must repeat; null: there is none, or it is no number. */
export function cseqOf(headers: ReadonlyMap<string, string>): string | null {
  const cseq = headers.get('cseq') ?? '';
  return NUMBER.test(cseq) ? cseq : null;
}
