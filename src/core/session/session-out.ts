import type { ClientMessage, RelayMessage } from '../wire/control.ts';
import type { RefusalCode } from '../wire/refusal.ts';

/** Where a session stands. `waiting` is the pause before the next attempt to reconnect. */
export type SessionPhase = 'idle' | 'connecting' | 'greeting' | 'connected' | 'waiting';

/** The adapter's word for why a lane failed to open, or closed. */
export type LaneFailure = 'refused' | 'unreachable' | 'timeout' | 'certificate' | 'closed' | 'nameNotFound';

/** Why a session is over, with the sentence a person reads (empty for `left`: the person did it). */
export type SessionEnd =
  | { readonly kind: 'left'; readonly sentence: '' }
  /** The relay said no. */
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly sentence: string }
  /** The lane could not be opened, or its certificate was refused. */
  | { readonly kind: 'failed'; readonly failure: LaneFailure; readonly sentence: string }
  /** It was connected, and could not be brought back within the limit. */
  | { readonly kind: 'gaveUp'; readonly failure: LaneFailure; readonly sentence: string };

export type WelcomeMessage = Extract<RelayMessage, { type: 'welcome' }>;

/**
 * What the session engine wants done. Every call happens inside one of the engine's handlers; an implementation must
 * not call the engine back from within, except for the getters.
 */
export interface SessionOut {
  /** Opens a lane to the relay; answer with `handleLaneOpened` or `handleLaneClosed`, later, not within the call. */
  openLane(): void;
  /** Closes the lane, or abandons its opening. The adapter reports nothing more about that lane. */
  closeLane(): void;
  sendControl(message: ClientMessage): void;
  /** Facts changed: read the getters. */
  onDidChange(): void;
  /** A session began, the first time or again: token and path key are new. Getters are already up to date. */
  onDidWelcome(welcome: WelcomeMessage): void;
  /** The session is over; the phase is `idle` already. */
  onDidEnd(end: SessionEnd): void;
}
