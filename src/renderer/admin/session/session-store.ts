import { create } from 'zustand';
import type { Grant } from '../../../contract/admin.ts';

/**
 * Where whoever opened the page stands.
 *
 * - checking: the relay is asked whether it has an account at all, or for a grant on a code
 * - unreachable: it did not answer that
 * - setup: the first account is to be made; `code` may have come with the link
 * - login: `sentence` says why it is asked, where it is not plain
 * - inside: logged in
 */
export type Session =
  | { readonly phase: 'checking' }
  | { readonly phase: 'unreachable'; readonly sentence: string }
  | { readonly phase: 'setup'; readonly code: string }
  | { readonly phase: 'login'; readonly sentence: string; readonly name: string }
  | { readonly phase: 'inside'; readonly grant: Grant };

/** The session of this tab. */
export const useSession = create<{ readonly session: Session }>(() => ({ session: { phase: 'checking' } }));

export function showSession(session: Session): void {
  useSession.setState({ session });
}

/** The token to send, or null. */
export function sessionToken(): string | null {
  const { session } = useSession.getState();
  return session.phase === 'inside' ? session.grant.token : null;
}
