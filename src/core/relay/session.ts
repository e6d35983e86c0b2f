import type { Inbox } from './inbox.ts';
import type { StoredSession } from './relay-store.ts';
import type { Member } from './room.ts';
import type { TokenBucket } from './token-bucket.ts';

/** A member's session: what outlives its lane. */
export interface Session {
  readonly member: Member;
  /** Where its newest lane came from; null: it has had none since the relay was started. */
  address: string | null;
  /** base64url of the SHA-256 of the secret that resumes it once. */
  resumeHash: string;
  /** The same of the secret that the newest welcome was asked for with: spent (null) as soon as that has arrived. */
  previousResumeHash: string | null;
  /** The newest welcome has arrived: its client said something on the lane that it came on. */
  welcomed: boolean;
  /** Newest chat of its client that was taken, and what became of it (null: taken before the relay was started). */
  chatTaken: number;
  lastTaken: { readonly message: number; readonly sentMs: number } | null;
  readonly inbox: Inbox;
  readonly chats: TokenBucket;
  /** When the lane broke, in ms since 1970; null while it stands. */
  heldSinceMs: number | null;
  /** Newest delivery that went out on the lane there is. */
  laneSentUpTo: number;
  /** Newest delivery that went out on a lane whose welcome arrived: what is behind it arrived nowhere. */
  everSentUpTo: number;
  /** On the engine's clock. Means nothing while the lane stands. */
  holdUntilMs: number;
}

/** A session as it is written down, with what is about to change. */
export function storedSession(session: Session, changes: Partial<StoredSession> = {}): StoredSession {
  const { member, resumeHash, previousResumeHash, chatTaken, inbox, heldSinceMs } = session;
  return {
    token: member.token,
    identity: member.identity,
    nickname: member.nickname,
    resumeHash,
    previousResumeHash,
    whisperKey: member.whisperKey,
    channel: member.channel === null ? null : member.channel.info.id,
    muted: member.muted,
    deafened: member.deafened,
    mutedForAll: member.mutedForAll,
    whisperLists: Array.from(member.whisperLists, ([list, targets]) => ({ list, targets })),
    chatTaken,
    delivered: inbox.delivered,
    heldSinceMs,
    ...changes,
  };
}
