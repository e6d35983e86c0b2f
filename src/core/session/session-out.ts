import type { Losses } from '../redundancy/losses.ts';
import type { ChatMessage } from '../wire/chat.ts';
import type { Ban, ClientMessage, RelayMessage } from '../wire/control.ts';
import type { RefusalCode } from '../wire/refusal.ts';
import type { Rule } from '../wire/rule.ts';

/** Where a session stands. `waiting` is the pause before the next attempt to reconnect. */
export type SessionPhase = 'idle' | 'connecting' | 'greeting' | 'connected' | 'waiting';

/** The adapter's word for why a lane failed to open, or closed. */
export type LaneFailure = 'refused' | 'unreachable' | 'timeout' | 'certificate' | 'closed' | 'nameNotFound';

/** A no of the relay, with the sentence a person reads: that of the rule where one said no, else that of the code. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly rule: Rule | null;
  readonly sentence: string;
}

/** Why a session is over, with the sentence a person reads (empty for `left`: the person did it). */
export type SessionEnd =
  | { readonly kind: 'left'; readonly sentence: '' }
  /** The relay said no. */
  | ({ readonly kind: 'refused' } & Refusal)
  /** The lane could not be opened, or its certificate was refused. */
  | { readonly kind: 'failed'; readonly failure: LaneFailure; readonly sentence: string }
  /** It was connected, and could not be brought back within the limit. */
  | { readonly kind: 'gaveUp'; readonly failure: LaneFailure; readonly sentence: string };

/** What became of a request. Without a code it got no answer: the lane broke, or the relay kept silent. */
export type RequestAnswer =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: RefusalCode | null;
      readonly rule: Rule | null;
      readonly sentence: string;
    };

/** What became of a chat. */
export type ChatOutcome =
  /** The relay keeps it; its number and time are unknown (null) when that answer was lost with a lane. */
  | { readonly kind: 'taken'; readonly message: number | null; readonly sentMs: number | null }
  /** `certain`: it did not go out. Otherwise it may have arrived, and is not sent again. */
  | {
      readonly kind: 'failed';
      readonly certain: boolean;
      readonly code: RefusalCode | null;
      readonly sentence: string;
    };

type MessageOf<Type extends RelayMessage['type']> = Extract<RelayMessage, { type: Type }>;
type ClientMessageOf<Type extends ClientMessage['type']> = Extract<ClientMessage, { type: Type }>;

export type WelcomeMessage = MessageOf<'welcome'>;
export type RefusedMessage = MessageOf<'refused'>;
export type HistoryMessage = MessageOf<'history'>;
/** What the relay says about the keys of channels. */
export type KeyMessage = MessageOf<'commitWanted' | 'committed' | 'groupWelcome' | 'keyPackageWanted'>;
export type WhisperKeyFromMessage = MessageOf<'whisperKeyFrom'>;
/** What members say about keys. */
export type OwnKeyMessage = ClientMessageOf<'keyPackage' | 'commit' | 'whisperKey'>;

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
  /**
   * Signs the login statement of the open lane for the relay's challenge (LOGIN_SECRET_BYTES); answer with
   * `handleLoginSigned`, later, and only while that lane is open.
   */
  signLogin(nonce: Uint8Array): void;
  /** Facts changed: read the getters. */
  onDidChange(): void;
  /**
   * The lane carries a session: `resumed` tells whether it is the one of before. The path key is new either way, the
   * token only when not resumed. Getters are already up to date.
   */
  onDidWelcome(welcome: WelcomeMessage): void;
  /** The session is over; the phase is `idle` already. */
  onDidEnd(end: SessionEnd): void;
  /** Exactly once for each number that `request` and its kin returned, never within the call that returned it. */
  onDidAnswer(request: number, answer: RequestAnswer): void;
  /** A message for us, each once, in the relay's order. `own`: written under our identity. */
  onChat(message: ChatMessage, facts: { readonly own: boolean }): void;
  /** Exactly once for each number that `sendChat` returned, never within the call that returned it. */
  onDidSettleChat(chat: number, outcome: ChatOutcome): void;
  /** Comes before the answer to the request that asked for it. */
  onHistory(history: HistoryMessage): void;
  /** Comes, perhaps in parts, before the answer to the request that asked for it. */
  onBans(bans: readonly Ban[]): void;
  onKeyMessage(message: KeyMessage): void;
  /** A key message of ours was of no use to the relay: its state was old, or it came to the wrong channel. */
  onDidRefuseKey(code: 'keyRejected' | 'staleCommit'): void;
  onWhisperKey(message: WhisperKeyFromMessage): void;
  /** What the others report to be lost of our voice has changed. Until the first call, nothing is. */
  onHeard(losses: Losses): void;
}
