import type { ClientMessage } from '../wire/control.ts';
import { MAX_COMMIT_BYTES, MAX_KEY_PACKAGE_BYTES, MAX_WELCOME_BYTES } from '../wire/key-delivery.ts';
import type { RefusalCode } from '../wire/refusal.ts';
import { ChannelKeys } from './channel-keys.ts';
import type { CommitMessage } from './commit-work.ts';
import { createKeyCounters, type KeyCounters } from './key-counters.ts';
import type { RelayOut } from './relay-out.ts';
import type { Member } from './room.ts';

type KeyPackageMessage = Extract<ClientMessage, { type: 'keyPackage' }>;

export interface KeyDeliveryOptions {
  /** A random u32; names generations, which only must not repeat soon. */
  randomU32(): number;
}

/**
 * The relay's part in the keys of voice: a blind delivery service (RFC 9750, section 5) for one MLS group per channel.
 *
 * It keeps key packages, gathers who came and who went, names a committer, lets one commit per epoch win, and tells
 * it to those concerned. It never sees a key. Each channel is a state machine of its own (`ChannelKeys`).
 *
 * `packages` = `packagesKept` + `packagesFromOutsiders` + `packagesTooLong` + `packagesHopeless`;
 * `commits` = `commitsAccepted` + `commitsFromOutsiders` + `commitsTooLong` + `commitsStale` + `commitsSenseless`;
 * `commitsAsked` = `commitsAccepted` + `commitsSenseless` + `commitsTimedOut` + `commitsAbandoned` + `outstanding`.
 *
 * Handlers are called after the room was changed: `member.channel` and `member.lane` are the new ones.
 */
export class KeyDelivery {
  readonly #options: KeyDeliveryOptions;
  readonly #channels = new Map<number, ChannelKeys>();
  readonly #counters: KeyCounters = createKeyCounters();
  #deadlineMs: number | null = null;

  constructor(options: KeyDeliveryOptions) {
    this.#options = options;
  }

  get counters(): Readonly<KeyCounters> {
    return this.#counters;
  }

  /** Commits that are asked for and not answered yet. */
  get outstanding(): number {
    let count = 0;
    for (const keys of this.#channels.values()) count += keys.committer === null ? 0 : 1;
    return count;
  }

  /** Identities in the channel's group, as of the newest accepted commit; empty without a group. */
  groupOf(channelId: number): readonly string[] {
    return this.#channels.get(channelId)?.group ?? [];
  }

  /** `member` is in `member.channel` now, whether new in the room or come from another channel. */
  handleEntered(member: Member, nowMs: number, out: RelayOut): void {
    if (member.channel === null) return;
    const id = member.channel.info.id;
    const keys = this.#channels.get(id) ?? this.#open(id);
    keys.handleEntered(member, nowMs, out);
    this.#settle();
  }

  /** `member` is no longer in that channel: went elsewhere, left the room, or its held place ran out. */
  handleLeft(member: Member, channelId: number, nowMs: number, out: RelayOut): void {
    this.#channels.get(channelId)?.handleLeft(member, nowMs, out);
    this.#settle();
  }

  /** The lane broke; the place is held. */
  handleLaneLost(member: Member, nowMs: number, out: RelayOut): void {
    this.#of(member)?.handleLaneLost(member, nowMs, out);
    this.#settle();
  }

  /** The session goes on over a new lane, also after a restart of the relay. Call it after the welcome has gone out. */
  handleReconnected(member: Member, nowMs: number, out: RelayOut): void {
    if (member.channel === null) return;
    const id = member.channel.info.id;
    const keys = this.#channels.get(id) ?? this.#open(id);
    keys.handleReconnected(member, nowMs, out);
    this.#settle();
  }

  handleKeyPackage(member: Member, message: KeyPackageMessage, nowMs: number, out: RelayOut): void {
    this.#counters.packages += 1;
    const keys = this.#channels.get(message.channel);
    if (keys === undefined || !keys.has(member)) {
      this.#counters.packagesFromOutsiders += 1;
      refuse(member, 'keyRejected', out);
    } else if (isLonger(message.package, MAX_KEY_PACKAGE_BYTES)) {
      this.#counters.packagesTooLong += 1;
      refuse(member, 'keyRejected', out);
    } else {
      const kept = keys.handleKeyPackage(member, message.package, nowMs, out);
      // No refusal for the hopeless: a client answers one with yet another package.
      this.#counters[kept ? 'packagesKept' : 'packagesHopeless'] += 1;
      this.#settle();
    }
  }

  handleCommit(member: Member, message: CommitMessage, nowMs: number, out: RelayOut): void {
    this.#counters.commits += 1;
    const keys = this.#channels.get(message.state.channel);
    if (keys === undefined || !keys.has(member)) {
      this.#counters.commitsFromOutsiders += 1;
      refuse(member, 'keyRejected', out);
      return;
    }
    if (isLonger(message.commit, MAX_COMMIT_BYTES) || isLonger(message.welcome, MAX_WELCOME_BYTES)) {
      this.#counters.commitsTooLong += 1;
      refuse(member, 'keyRejected', out);
      return;
    }
    const verdict = keys.handleCommit(member, message, nowMs, out);
    if (verdict === 'stale') {
      this.#counters.commitsStale += 1;
      refuse(member, 'staleCommit', out);
    } else if (verdict === 'senseless') {
      this.#counters.commitsSenseless += 1;
      refuse(member, 'keyRejected', out);
    } else {
      this.#counters.commitsAccepted += 1;
    }
    this.#settle();
  }

  /** The channel is no more; whoever was in it has been moved or will be. */
  handleChannelRemoved(channelId: number): void {
    const keys = this.#channels.get(channelId);
    if (keys === undefined) return;
    if (keys.committer !== null) this.#counters.commitsAbandoned += 1;
    this.#channels.delete(channelId);
    this.#settle();
  }

  /** Call at `nextDeadlineMs()` or later; earlier calls do nothing. */
  handleDeadline(nowMs: number, out: RelayOut): void {
    if (this.#deadlineMs === null || nowMs < this.#deadlineMs) return;
    for (const keys of this.#channels.values()) keys.handleDeadline(nowMs, out);
    this.#settle();
  }

  nextDeadlineMs(): number | null {
    return this.#deadlineMs;
  }

  #open(id: number): ChannelKeys {
    const keys = new ChannelKeys(id, () => this.#options.randomU32(), this.#counters);
    this.#channels.set(id, keys);
    return keys;
  }

  #of(member: Member): ChannelKeys | undefined {
    return member.channel === null ? undefined : this.#channels.get(member.channel.info.id);
  }

  /** After every change: forgets channels that nobody is in, and finds the next deadline, so that asking for it is cheap. */
  #settle(): void {
    this.#deadlineMs = null;
    for (const [id, keys] of this.#channels) {
      if (keys.empty) {
        this.#channels.delete(id);
        continue;
      }
      const deadlineMs = keys.nextDeadlineMs();
      if (deadlineMs !== null && (this.#deadlineMs === null || deadlineMs < this.#deadlineMs)) {
        this.#deadlineMs = deadlineMs;
      }
    }
  }
}

/** The schema says so too; here, so that what is kept is bounded wherever messages come from. */
function isLonger(base64Url: string | null, maxBytes: number): boolean {
  return base64Url !== null && base64Url.length > Math.ceil((maxBytes * 4) / 3);
}

function refuse(member: Member, code: RefusalCode, out: RelayOut): void {
  if (member.lane === null) return;
  out.sendControl(member.lane, { type: 'refused', code, rule: null, request: null, chat: null });
}
