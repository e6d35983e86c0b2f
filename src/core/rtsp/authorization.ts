/** Longest `Authorization` header that is read, and most parameters of it. */
const MAX_HEADER_LENGTH = 4_096;
const MAX_PARAMETERS = 24;

/** Who somebody says to be, in the two ways that are known (RFC 7617, RFC 7616). */
export type Authorization =
  | { readonly scheme: 'basic'; readonly credentials: string }
  /** Names in lower case. */
  | { readonly scheme: 'digest'; readonly parameters: ReadonlyMap<string, string> };

const PARAMETER =
  /[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))[ \t]*(?:,|$)/y;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** @returns null: neither of them, or broken */
export function readAuthorization(header: string): Authorization | null {
  if (header.length > MAX_HEADER_LENGTH) return null;
  const [, scheme = '', rest = ''] = /^[ \t]*(\S+)[ \t]+(.*)$/.exec(header) ?? [];
  if (scheme.toLowerCase() === 'basic') {
    const credentials = rest.trim();
    return BASE64.test(credentials) ? { scheme: 'basic', credentials } : null;
  }
  if (scheme.toLowerCase() !== 'digest') return null;
  const parameters = parametersOf(rest);
  return parameters === null ? null : { scheme: 'digest', parameters };
}

function parametersOf(text: string): Map<string, string> | null {
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = 0;
  while (PARAMETER.lastIndex < text.length) {
    const found = PARAMETER.exec(text);
    if (found === null || parameters.size >= MAX_PARAMETERS) return null;
    const [, name = '', quoted, plain = ''] = found;
    const lower = name.toLowerCase();
    if (parameters.has(lower)) return null;
    parameters.set(lower, quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1'));
  }
  return parameters;
}
