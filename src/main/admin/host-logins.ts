import { randomInt } from 'node:crypto';
import { ADMIN_ROLE_ID } from '../../core/wire/roles.ts';
import type { StoredAccount } from './admin-database.ts';
import type { TokenClaims } from './tokens.ts';

/** The host of this start, who comes by a link: no account, and no name or id that one may have. */
export const HOST_NAME = 'host';
export const HOST_ID = 0;

/** Logins of the host that were ended one by one; beyond, all are. */
export const MAX_ENDED_HOST_LOGINS = 64;

/** Largest number `randomInt` takes. */
const EPOCHS = 2 ** 48 - 1;

/**
 * The host's own logins, by links. They are good for this start only: the next one draws another epoch, and whoever
 * holds the machine opens a new link.
 */
export class HostLogins {
  readonly #ended = new Set<string>();
  #account: StoredAccount;

  constructor(createdMs: number) {
    this.#account = {
      id: HOST_ID,
      name: HOST_NAME,
      passwordHash: '',
      role: ADMIN_ROLE_ID,
      epoch: randomInt(EPOCHS),
      createdMs,
    };
  }

  get account(): StoredAccount {
    return this.#account;
  }

  /** Null: the token is of another start, or its login was ended. */
  bearerOf(claims: TokenClaims): StoredAccount | null {
    return claims.epoch === this.#account.epoch && !this.#ended.has(claims.login) ? this.#account : null;
  }

  end(login: string): void {
    this.#ended.add(login);
    if (this.#ended.size <= MAX_ENDED_HOST_LOGINS) return;
    this.#ended.clear();
    this.#account = { ...this.#account, epoch: randomInt(EPOCHS) };
  }
}
