import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

/** How long a token is good, in ms: a working day. */
export const TOKEN_MS = 12 * 3_600_000;

/** How long a login can be renewed, in ms; then a password is asked for again. */
export const LOGIN_MS = 7 * 24 * 3_600_000;

const ISSUER = 'sidetone';

/** The one algorithm that is accepted (RFC 8725, section 3.1): what a token says of itself counts for nothing. */
const ALGORITHM = 'HS256';

/** Longest token that is looked at, in characters: ours have about 400. */
export const MAX_TOKEN_LENGTH = 2_048;

const claimsSchema = z.object({
  /** Id of the account; 0: the host of this start. */
  sub: z.string().regex(/^\d{1,16}$/),
  /** The login it goes back to: the same in all tokens that renew one another. */
  sid: z.string().min(1).max(64),
  epoch: z.number().int(),
  /** Time of the login, s since 1970 (OpenID Connect Core 1.0, section 2). */
  auth_time: z.number().int(),
  exp: z.number().int(),
});

/** What a token says, verified. */
export interface TokenClaims {
  readonly account: number;
  readonly login: string;
  readonly epoch: number;
  readonly loginMs: number;
  readonly expiresMs: number;
}

export type TokenReading =
  | { readonly ok: true; readonly claims: TokenClaims }
  | { readonly ok: false; readonly reason: 'expired' | 'invalid' };

/** Signs and verifies the tokens of one relay (RFC 7519). */
export class Tokens {
  readonly #key: Uint8Array;
  readonly #audience: string;

  constructor(key: Uint8Array, relayId: string) {
    this.#key = key;
    this.#audience = `sidetone-relay:${relayId}`;
  }

  /** @returns null: the login is too old to be renewed */
  async sign(
    of: Omit<TokenClaims, 'expiresMs'>,
    nowMs: number,
  ): Promise<{ token: string; expiresMs: number } | null> {
    const expiresMs = Math.floor(Math.min(nowMs + TOKEN_MS, of.loginMs + LOGIN_MS) / 1_000) * 1_000;
    if (expiresMs <= nowMs) return null;
    const token = await new SignJWT({
      sid: of.login,
      epoch: of.epoch,
      auth_time: Math.floor(of.loginMs / 1_000),
    })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(this.#audience)
      .setSubject(String(of.account))
      .setJti(randomUUID())
      .setIssuedAt(Math.floor(nowMs / 1_000))
      .setExpirationTime(expiresMs / 1_000)
      .sign(this.#key);
    return { token, expiresMs };
  }

  async verify(token: string, nowMs: number): Promise<TokenReading> {
    if (token.length > MAX_TOKEN_LENGTH) return { ok: false, reason: 'invalid' };
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: this.#audience,
        typ: 'JWT',
        currentDate: new Date(nowMs),
        requiredClaims: ['jti', 'iat'],
      });
      const claims = claimsSchema.safeParse(payload);
      if (!claims.success) return { ok: false, reason: 'invalid' };
      const { sub, sid, epoch, auth_time, exp } = claims.data;
      return {
        ok: true,
        claims: {
          account: Number(sub),
          login: sid,
          epoch,
          loginMs: auth_time * 1_000,
          expiresMs: exp * 1_000,
        },
      };
    } catch (error) {
      return { ok: false, reason: error instanceof errors.JWTExpired ? 'expired' : 'invalid' };
    }
  }
}
