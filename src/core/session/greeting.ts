import { type ClientMessage, PROTOCOL_VERSION } from '../wire/control.ts';
import type { RefusalCode } from '../wire/refusal.ts';

/** Who enters a room. */
export interface Entrant {
  readonly nickname: string;
  /** base64url of the Ed25519 public key whose private half the adapter signs with. */
  readonly identity: string;
  /** Of the channel where newcomers land, if it has one. */
  readonly password?: string;
}

/** What resumes a session: its token, the secret of its last welcome, and the newest chat that arrived. */
export interface Resumption {
  readonly token: number;
  readonly secret: string;
  readonly chatSeen: number;
}

/** How far a greeting has come: hello sent, challenge with the adapter, login sent. */
export type GreetingStep = 'hello' | 'signing' | 'login';

/** Refusals that no further attempt will change. */
export const fatalRefusals: ReadonlySet<RefusalCode> = new Set([
  'versionUnsupported',
  'nicknameInvalid',
  'banned',
  'kicked',
  'signedInElsewhere',
  'relayClosing',
]);

/** The first message of a lane. */
export function helloOf(entrant: Entrant, resume: Resumption | null): ClientMessage {
  const { nickname, identity, password } = entrant;
  return {
    type: 'hello',
    protocol: PROTOCOL_VERSION,
    nickname,
    identity,
    ...(password === undefined ? {} : { password }),
    ...(resume === null ? {} : { resume }),
  };
}
