import type { ClientMessage } from '../wire/control.ts';
import type { GroupState } from '../wire/key-delivery.ts';
import type { Member } from './room.ts';

/** What a committer answers with. */
export type CommitMessage = Extract<ClientMessage, { type: 'commit' }>;

/** One member of a channel, as the channel's key delivery keeps it. */
export interface KeyedMember {
  readonly member: Member;
  /** The key package that waits to be taken in; a newer one takes its place. */
  package: string | null;
  /** A commit or the welcome could not be sent: the member is out of step. */
  missed: boolean;
  /** Null while the lane stands. */
  laneLostMs: number | null;
  /** When a commit or a welcome was sent last. */
  sentMs: number | null;
  /** Times a package was asked for since the last one came. */
  requests: number;
  nextRequestMs: number | null;
  /** Packages that committers found no good, one after the other. */
  skips: number;
  /** Failures as committer, one after the other. */
  strikes: number;
  /** When asked to commit last; at first when it came. */
  askedMs: number;
}

/** Can be sent something and asked for something now. */
export function isLive(member: KeyedMember): boolean {
  return member.member.lane !== null && member.laneLostMs === null;
}

/** A commit that somebody was asked for. */
export interface CommitWork {
  readonly committer: KeyedMember;
  /** The state it starts from. */
  readonly state: GroupState;
  readonly found: boolean;
  readonly add: readonly { readonly member: KeyedMember; readonly package: string }[];
  readonly remove: string[];
  readonly deadlineMs: number;
}

export function sameState(a: GroupState, b: GroupState): boolean {
  return a.channel === b.channel && a.generation === b.generation && a.epoch === b.epoch;
}

/**
 * True when an answer could be one to `work`, as far as a blind relay can tell: skips only what it was given, brings a
 * welcome exactly if somebody is added, and a commit exactly if anything changes.
 */
export function isSensible(work: CommitWork, answer: CommitMessage): boolean {
  const given = new Set(work.add.map(({ member }) => member.member.identity));
  const skipped = new Set(answer.skipped);
  if (skipped.size !== answer.skipped.length) return false;
  for (const identity of skipped) if (!given.has(identity)) return false;
  const adds = given.size > skipped.size;
  if (adds !== (answer.welcome !== null)) return false;
  const changes = adds || (!work.found && work.remove.length > 0);
  return changes === (answer.commit !== null);
}
