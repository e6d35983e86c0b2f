import type { BotsRequest, BotsState } from '../../contract/admin.ts';
import type { AdminActor } from '../../core/relay/admin-port.ts';

/**
 * Why no stress test began. `notAllowed`: the account's role is too low. `running`: another one runs.
 * `badRequest`: what was asked for makes no test (an address that is not this machine's, more speakers than bots).
 * `unavailable`: the relay or the bots' worker cannot take it on now.
 */
export type BotsRefusal = 'notAllowed' | 'running' | 'badRequest' | 'unavailable';

/** `sentence` is for people. */
export type BotsOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: BotsRefusal; readonly sentence: string };

/** The stress test, as the admin API steers it. Methods never reject. */
export interface BotsPort {
  /** Resolves as soon as the test has begun (its first phase is reported) or was refused; `actor` asks the relay. */
  start(request: BotsRequest, actor: AdminActor): Promise<BotsOutcome>;
  /** Ends the test that runs, and resolves when its bots have left; at once where none runs. */
  stop(): Promise<void>;
  state(): BotsState;
  /** Every change of the state, about once a second while a test runs. @returns stops it */
  onState(listener: (state: BotsState) => void): () => void;
}
