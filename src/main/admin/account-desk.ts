import { randomUUID } from 'node:crypto';
import type { Account, Grant, LoginRequest, SaveAccount, SetupRequest } from '../../contract/admin.ts';
import type { AdminActor } from '../../core/relay/admin-port.ts';
import type { PasswordVerdict } from '../../core/relay/relay-engine.ts';
import { TokenBucket } from '../../core/relay/token-bucket.ts';
import { ADMIN_ROLE_ID } from '../../core/wire/roles.ts';
import { type AdminDatabase, foldName, MAX_ACCOUNTS, type StoredAccount } from './admin-database.ts';
import { HOST_ID, HOST_NAME, HostLogins } from './host-logins.ts';
import { LoginGate, type LoginTry } from './login-gate.ts';
import { type LoginLinks, SetupCode } from './one-time-codes.ts';
import { RequestRefused } from './problem.ts';
import type { RelayGate } from './relay-gate.ts';
import { LOGIN_MS, type TokenClaims, type Tokens } from './tokens.ts';

/**
 * Lines about failed logins in the audit log: twenty at once, then one in ten minutes. Whoever guesses must not push
 * the log's other lines out.
 */
export const MAX_FAILURE_LINES = 20;
const FAILURE_LINES_PER_SECOND = 1 / 600;

/** Who asks, and for how long. */
export interface Bearer {
  readonly actor: AdminActor;
  readonly claims: TokenClaims;
}

/** Hashes and compares passwords, see main/base/password-hasher.ts. */
export interface AccountHasher {
  readonly counters: Readonly<Record<string, number>>;
  hash(password: string): Promise<string | null>;
  compare(password: string, hashed: string): Promise<PasswordVerdict>;
}

export interface AccountDeskParts {
  readonly database: AdminDatabase;
  readonly tokens: Tokens;
  readonly hasher: AccountHasher;
  readonly relay: RelayGate;
  readonly links: LoginLinks;
  /** Hash of a password nobody has: unknown names take as long as known ones. */
  readonly nobodysHash: string;
  /** Ms since 1970. */
  readonly wallMs: () => number;
  /** A clock that only goes forward, in ms. */
  readonly nowMs: () => number;
  /** Tokens were ended: whoever holds on to one is to look again. */
  readonly onTokensEnded: () => void;
}

function busy(): RequestRefused {
  const sentence = 'Too many passwords are being checked at the moment. Try again in a few seconds.';
  return new RequestRefused(503, 'busy', sentence, 5);
}

function toAccount({ name, role, createdMs }: StoredAccount): Account {
  return { name, role, createdMs };
}

/** Who may speak to the admin API: the first account, logins, tokens and the accounts themselves. */
export class AccountDesk {
  readonly #parts: AccountDeskParts;
  readonly #gate: LoginGate;
  readonly #codeGate: LoginGate;
  readonly #host: HostLogins;
  readonly #failureLines: TokenBucket;
  readonly #setup: SetupCode | null;
  #failureLinesLeftOut = 0;

  constructor(parts: AccountDeskParts) {
    this.#parts = parts;
    const nowMs = parts.nowMs();
    this.#gate = new LoginGate(nowMs);
    this.#codeGate = new LoginGate(nowMs);
    this.#failureLines = new TokenBucket(FAILURE_LINES_PER_SECOND, MAX_FAILURE_LINES, nowMs);
    this.#host = new HostLogins(parts.wallMs());
    this.#setup = parts.database.accountCount === 0 ? new SetupCode() : null;
  }

  get counters(): Readonly<Record<string, number>> {
    const counters: Record<string, number> = { failureLinesLeftOut: this.#failureLinesLeftOut };
    for (const [name, count] of Object.entries(this.#gate.counters)) counters[`login.${name}`] = count;
    for (const [name, count] of Object.entries(this.#codeGate.counters)) counters[`code.${name}`] = count;
    return counters;
  }

  get setupNeeded(): boolean {
    return this.#parts.database.accountCount === 0;
  }

  /** Null once there is an account, however it came to be. */
  get setupCode(): string | null {
    return this.#setup !== null && !this.#setup.spent && this.setupNeeded ? this.#setup.text : null;
  }

  /** Makes the first account. @throws RequestRefused */
  async setUp(request: SetupRequest, addressKey: string): Promise<Grant> {
    const { database, hasher, relay } = this.#parts;
    const setup = this.#setup;
    if (setup === null || !this.setupNeeded) throw alreadySetUp();
    this.#checkNewName(request.name);
    const attempt = this.#admit(this.#codeGate, 'setup', addressKey);
    if (!setup.take(request.code)) {
      attempt.wrong();
      const sentence = 'That is not the code this relay shows. It is a new one each time the relay starts.';
      throw new RequestRefused(403, 'wrongCode', sentence);
    }
    const hash = await hasher.hash(request.password);
    if (hash === null) {
      setup.giveBack();
      attempt.busy();
      throw busy();
    }
    attempt.right();
    // The host may have made an account by a link meanwhile.
    if (!this.setupNeeded) throw alreadySetUp();
    const account = database.insert(request.name, hash, ADMIN_ROLE_ID, this.#parts.wallMs());
    if (account === null) throw new Error('broken invariant: the account was just made');
    setup.spend();
    await relay.writeAudit(`account:${account.name}`, 'accountSetUp', account.name);
    return this.#begin(account);
  }

  /** @throws RequestRefused; it does not say whether there is such an account, nor does the time it takes */
  async logIn(request: LoginRequest, addressKey: string): Promise<Grant> {
    const { database, hasher, relay, nobodysHash } = this.#parts;
    const attempt = this.#admit(this.#gate, foldName(request.name), addressKey);
    const account = database.findByName(request.name);
    const verdict = await hasher.compare(request.password, account?.passwordHash ?? nobodysHash);
    if (verdict === 'overflow') {
      attempt.busy();
      throw busy();
    }
    // The account may have been changed or removed while the password was looked at.
    const same = account !== null && database.findById(account.id)?.epoch === account.epoch;
    if (verdict !== 'right' || !same) {
      attempt.wrong();
      await this.#writeFailure(account);
      throw new RequestRefused(401, 'wrongLogin', 'The name or the password is not right.');
    }
    attempt.right();
    await relay.writeAudit(`account:${account.name}`, 'login', account.name);
    return this.#begin(account);
  }

  /** Logs the host in. @throws RequestRefused */
  async redeem(code: string, addressKey: string): Promise<Grant> {
    const { links, relay, wallMs } = this.#parts;
    const attempt = this.#admit(this.#codeGate, 'link', addressKey);
    if (!links.redeem(code, wallMs())) {
      attempt.wrong();
      const sentence = 'This link was used already, or its minute is over. Open a new one from Sidetone.';
      throw new RequestRefused(403, 'wrongCode', sentence);
    }
    attempt.right();
    await relay.writeAudit(`account:${HOST_NAME}`, 'login', HOST_NAME);
    return this.#begin(this.#host.account);
  }

  /** @throws RequestRefused 401 */
  async authenticate(authorization: string | undefined): Promise<Bearer> {
    const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw notLoggedIn('loginNeeded', 'Log in first.');
    const { tokens, wallMs } = this.#parts;
    const reading = await tokens.verify(token, wallMs());
    if (!reading.ok && reading.reason === 'expired') {
      throw notLoggedIn('tokenExpired', 'Your login has expired. Log in again.');
    }
    const account = reading.ok ? this.#bearerOf(reading.claims) : null;
    if (!reading.ok || account === null) {
      throw notLoggedIn('tokenInvalid', 'Your login is no longer good. Log in again.');
    }
    return { actor: { account: account.name, role: account.role }, claims: reading.claims };
  }

  /** Whether a token that was good still is. */
  holds(claims: TokenClaims): boolean {
    return claims.expiresMs > this.#parts.wallMs() && this.#bearerOf(claims) !== null;
  }

  /** A new token of the same login. The one before stays good until it expires. @throws RequestRefused */
  async renew({ claims }: Bearer): Promise<Grant> {
    const account = this.#bearerOf(claims);
    const grant = account === null ? null : await this.#grant(account, claims.login, claims.loginMs);
    if (grant !== null) return grant;
    throw notLoggedIn('loginTooOld', 'You logged in a week ago. Log in again.');
  }

  /** Ends the login, with all tokens that renewed one another. */
  async logOut({ actor, claims }: Bearer): Promise<void> {
    const { database, relay, wallMs } = this.#parts;
    const untilMs = claims.loginMs + LOGIN_MS;
    if (claims.account === HOST_ID) this.#host.end(claims.login);
    else if (!database.endLogin(claims.account, claims.login, untilMs, wallMs())) {
      database.endAllLogins(claims.account);
    }
    this.#parts.onTokensEnded();
    await relay.writeAudit(`account:${actor.account}`, 'logout', actor.account);
  }

  accounts(): Account[] {
    return this.#parts.database.accounts().map(toAccount);
  }

  /**
   * Makes an account, or changes the one of that name. The caller has seen that the role exists and that `by` may.
   *
   * @throws RequestRefused
   */
  async save(request: SaveAccount, by: AdminActor): Promise<void> {
    const { database, hasher, relay, wallMs } = this.#parts;
    const { name, role, password } = request;
    this.#checkNewName(name);
    const hash = password === null ? null : await hasher.hash(password);
    if (password !== null && hash === null) throw busy();
    // Nothing waits from here on: what is checked stays true.
    const account = database.findByName(name);
    if (account === null) {
      if (hash === null) throw new RequestRefused(400, 'passwordNeeded', 'A new account needs a password.');
      if (database.accountCount >= MAX_ACCOUNTS) throw tooManyAccounts();
      if (database.accountCount === 0 && role !== ADMIN_ROLE_ID) throw adminFirst();
      database.insert(name, hash, role, wallMs());
    } else {
      if (role !== ADMIN_ROLE_ID) this.#keepAnAdmin(account);
      database.change(account.id, role, hash);
    }
    if (hash !== null && account !== null) this.#parts.onTokensEnded();
    const action = account === null ? 'createAccount' : 'changeAccount';
    await relay.writeAudit(
      `account:${by.account}`,
      action,
      account?.name ?? name,
      hash === null ? '' : 'password',
    );
  }

  /** @throws RequestRefused */
  async remove(name: string, by: AdminActor): Promise<void> {
    const { database, relay } = this.#parts;
    const account = database.findByName(name);
    if (account === null)
      throw new RequestRefused(404, 'unknownAccount', 'There is no account of that name.');
    this.#keepAnAdmin(account);
    database.remove(account.id);
    this.#parts.onTokensEnded();
    await relay.writeAudit(`account:${by.account}`, 'removeAccount', account.name);
  }

  #admit(gate: LoginGate, name: string, addressKey: string): LoginTry {
    const admission = gate.admit(name, addressKey, this.#parts.nowMs());
    if (admission.ok) return admission.attempt;
    const { waitSeconds } = admission;
    const sentence = `Too many tries. Wait ${waitSeconds} ${waitSeconds === 1 ? 'second' : 'seconds'}.`;
    throw new RequestRefused(429, 'tooManyTries', sentence, waitSeconds);
  }

  #checkNewName(name: string): void {
    if (foldName(name) !== HOST_NAME) return;
    throw new RequestRefused(409, 'nameTaken', 'That name is the host’s own. Choose another one.');
  }

  #keepAnAdmin(account: StoredAccount): void {
    if (account.role !== ADMIN_ROLE_ID || this.#parts.database.adminCount > 1) return;
    const sentence = 'This is the last account of an admin: make another one first.';
    throw new RequestRefused(409, 'lastAdmin', sentence);
  }

  async #writeFailure(account: StoredAccount | null): Promise<void> {
    if (!this.#failureLines.take(this.#parts.nowMs())) {
      this.#failureLinesLeftOut += 1;
      return;
    }
    // People type passwords into the field for the name: what is no name of an account is not written down.
    await this.#parts.relay.writeAudit('', 'loginFailed', account?.name ?? '');
  }

  #bearerOf(claims: TokenClaims): StoredAccount | null {
    if (claims.account === HOST_ID) return this.#host.bearerOf(claims);
    const { database } = this.#parts;
    const account = database.findById(claims.account);
    const good = account !== null && account.epoch === claims.epoch && !database.isEnded(claims.login);
    return good ? account : null;
  }

  async #begin(account: StoredAccount): Promise<Grant> {
    const grant = await this.#grant(account, randomUUID(), this.#parts.wallMs());
    if (grant === null) throw new Error('broken invariant: a new login is not old');
    return grant;
  }

  async #grant(account: StoredAccount, login: string, loginMs: number): Promise<Grant | null> {
    const { tokens, wallMs } = this.#parts;
    const signed = await tokens.sign({ account: account.id, epoch: account.epoch, login, loginMs }, wallMs());
    return signed === null ? null : { ...signed, account: toAccount(account) };
  }
}

function alreadySetUp(): RequestRefused {
  return new RequestRefused(409, 'alreadySetUp', 'This relay has accounts already. Log in with one of them.');
}

function tooManyAccounts(): RequestRefused {
  const sentence = 'There are as many accounts as a relay can have. Remove some first.';
  return new RequestRefused(409, 'tooManyAccounts', sentence);
}

function adminFirst(): RequestRefused {
  return new RequestRefused(409, 'adminFirst', 'The first account has to be an admin’s.');
}

function notLoggedIn(code: string, sentence: string): RequestRefused {
  return new RequestRefused(401, code, sentence);
}
