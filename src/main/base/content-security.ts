/**
 * What a page of ours may load: its own files, nothing inline, nothing from elsewhere.
 * Images may be `data:` because the build inlines small ones.
 *
 * @param connect where scripts may connect to, a CSP source list: nowhere in Electron, its own socket in the
 *   browser shell
 * @param scripts where scripts may come from, and whether they may compile Wasm
 */
export function contentSecurityPolicy(connect: string, scripts = "'self'"): string {
  return [
    "default-src 'none'",
    `script-src ${scripts}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ');
}

/** Headers of everything either shell serves, besides the policy. */
export const HARDENING_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;
