import { type Grant, grantSchema } from '../../../contract/admin.ts';

/** What of the browser's storage is needed. */
export type GrantStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const STORAGE_KEY = 'sidetone.admin';

/**
 * The grant of this tab, or null when there is none that still holds.
 *
 * It lies in `sessionStorage`: loading the page again must not ask for the password again (nor for the host's code,
 * which works only once), and no other tab and no later visit must find it, as they would in `localStorage`. A script
 * that could read it there could read it out of memory as well; the policy of the page lets in none but its own.
 */
export function readGrant(storage: GrantStorage, nowMs: number): Grant | null {
  try {
    const grant = grantSchema.safeParse(JSON.parse(storage.getItem(STORAGE_KEY) ?? 'null'));
    return grant.success && grant.data.expiresMs > nowMs ? grant.data : null;
  } catch {
    return null;
  }
}

/** Keeps a grant as long as the tab, where storage allows; null takes it away. */
export function keepGrant(storage: GrantStorage, grant: Grant | null): void {
  try {
    if (grant === null) storage.removeItem(STORAGE_KEY);
    else storage.setItem(STORAGE_KEY, JSON.stringify(grant));
  } catch {
    // Storage can be switched off; the session then lasts until the page is loaded again.
  }
}
