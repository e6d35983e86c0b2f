/** What a link to the dashboard carries behind the `#`: a one-time code, which the server never sees in its log. */
export type Fragment =
  | { readonly kind: 'setup'; readonly code: string }
  | { readonly kind: 'redeem'; readonly code: string }
  | { readonly kind: 'none' };

/** Longest code, as the contract's schema has it. */
const MAX_CODE_LENGTH = 64;

/** Reads the fragment of an address, with or without its `#`: `setup=`, `login=` (or `redeem=`) and a code. */
export function readFragment(hash: string): Fragment {
  const found = /^#?(setup|login|redeem)=(.+)$/u.exec(hash);
  const [, kind, text] = found ?? [];
  if (kind === undefined || text === undefined) return { kind: 'none' };
  const code = decode(text);
  if (code === '' || code.length > MAX_CODE_LENGTH) return { kind: 'none' };
  return { kind: kind === 'setup' ? 'setup' : 'redeem', code };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text).trim();
  } catch {
    return '';
  }
}
