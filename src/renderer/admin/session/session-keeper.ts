import type { Grant } from '../../../contract/admin.ts';
import type { AdminApi } from '../api/admin-api.ts';
import { UNREACHABLE } from '../api/admin-http.ts';
import type { Fragment } from './fragment.ts';
import { type GrantStorage, keepGrant, readGrant } from './kept-grant.ts';
import { sessionToken, showSession, useSession } from './session-store.ts';

export interface KeeperSurroundings {
  readonly api: Pick<AdminApi, 'setupState' | 'redeem' | 'renew' | 'logOut'>;
  readonly storage: GrantStorage;
  readonly nowMs: () => number;
  /** Calls back once after `delayMs`; returns what calls it off. */
  readonly later: (delayMs: number, callback: () => void) => () => void;
}

/** Longest time a browser's timer can wait, in ms: 2^31 - 1. */
const MAX_TIMER_MS = 2_147_483_647;

/** A token is renewed when half of its life is over; a try that failed is followed by another, in ms at the soonest. */
const LIFE_LEFT_AT_RENEWAL = 0.5;
const MIN_RENEWAL_MS = 60_000;

const ENDED = 'Your session has ended. Log in again, and you are back where you were.';

/** Begins and ends the session of the tab. */
export class SessionKeeper {
  private readonly around: KeeperSurroundings;
  private readonly callOffs: (() => void)[] = [];

  constructor(around: KeeperSurroundings) {
    this.around = around;
  }

  /** Finds out where whoever opened the page stands. Nothing is asked of the relay when the tab has a grant. */
  async open(fragment: Fragment): Promise<void> {
    if (fragment.kind === 'redeem') return this.redeem(fragment.code);
    const grant = readGrant(this.around.storage, this.around.nowMs());
    if (grant !== null) return this.enter(grant);
    return this.ask(fragment.kind === 'setup' ? fragment.code : '', '');
  }

  /** Goes in with a grant, until it ends. */
  enter(grant: Grant): void {
    this.callAllOff();
    keepGrant(this.around.storage, grant);
    showSession({ phase: 'inside', grant });
    const left = Math.max(0, grant.expiresMs - this.around.nowMs());
    this.callOffs.push(
      this.around.later(Math.min(left, MAX_TIMER_MS), () => this.expire(grant.token)),
      this.renewLater(left),
    );
  }

  /** The relay does not take `token` any more; one that was replaced meanwhile does not matter. */
  expire(token: string): void {
    const { session } = useSession.getState();
    if (session.phase === 'inside' && session.grant.token === token)
      this.leave(ENDED, session.grant.account.name);
  }

  /** Ends the session here at once, whatever the relay answers. */
  logOut(): void {
    if (sessionToken() === null) return;
    // The request takes the token along as it is made.
    void this.around.api.logOut();
    this.leave('', '');
  }

  private renewLater(left: number): () => void {
    const wait = Math.max(MIN_RENEWAL_MS, left * LIFE_LEFT_AT_RENEWAL);
    return this.around.later(Math.min(wait, MAX_TIMER_MS), () => void this.renew());
  }

  /** A dashboard that is left open is not to be put out in the middle of something. */
  private async renew(): Promise<void> {
    const { session } = useSession.getState();
    if (session.phase !== 'inside') return;
    const { grant } = session;
    const answer = await this.around.api.renew();
    if (sessionToken() !== grant.token) return;
    if (answer.ok) this.enter(answer.value);
    else this.callOffs.push(this.renewLater(grant.expiresMs - this.around.nowMs()));
  }

  private callAllOff(): void {
    for (const callOff of this.callOffs.splice(0)) callOff();
  }

  private async redeem(code: string): Promise<void> {
    showSession({ phase: 'checking' });
    const answer = await this.around.api.redeem(code);
    if (answer.ok) return this.enter(answer.value);
    await this.ask('', answer.code === UNREACHABLE ? '' : answer.sentence);
  }

  /** @param code - as it came with the link @param sentence - why somebody has to log in */
  async ask(code: string, sentence: string): Promise<void> {
    showSession({ phase: 'checking' });
    const state = await this.around.api.setupState();
    if (!state.ok) showSession({ phase: 'unreachable', sentence: state.sentence });
    else if (state.value.needed) showSession({ phase: 'setup', code });
    else showSession({ phase: 'login', sentence, name: '' });
  }

  private leave(sentence: string, name: string): void {
    this.callAllOff();
    keepGrant(this.around.storage, null);
    showSession({ phase: 'login', sentence, name });
  }
}
