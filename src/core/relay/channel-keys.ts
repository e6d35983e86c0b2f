import { type GroupState, MAX_ADDS_PER_COMMIT } from '../wire/key-delivery.ts';
import {
  type CommitMessage,
  type CommitWork,
  isLive,
  isSensible,
  type KeyedMember,
  sameState,
} from './commit-work.ts';
import { CommitterChoice } from './committer-choice.ts';
import type { KeyCounters } from './key-counters.ts';
import {
  COMMIT_TIMEOUT_MS,
  FIRST_GATHER_MS,
  FIRST_REQUEST_MS,
  GATHER_MS,
  MAX_PACKAGE_REQUESTS,
  MAX_PASSED_OVER,
  MAX_REMOVES_PER_COMMIT,
  MAX_SKIPS,
  MAX_STRIKES,
  MAX_TIMEOUT_DOUBLINGS,
  UNCERTAIN_DELIVERY_MS,
} from './key-limits.ts';
import { KeyRoster } from './key-roster.ts';
import type { RelayOut } from './relay-out.ts';
import type { Member } from './room.ts';

/**
 * The group of one channel, as the delivery service sees it: who is in the tree, who waits, who was asked to commit.
 * Nothing of that changes before an asked-for commit is accepted, so giving up on a committer undoes nothing.
 */
export class ChannelKeys {
  readonly #channelId: number;
  readonly #randomU32: () => number;
  readonly #counters: KeyCounters;
  readonly #roster = new KeyRoster();
  /** Null: there is no group. */
  #state: GroupState | null = null;
  #asked: CommitWork | null = null;
  readonly #choice = new CommitterChoice();
  #timeoutDoublings = 0;
  #lastAskedMs = Number.NEGATIVE_INFINITY;
  /** When the first of the waiting changes came; null while there are none, or nobody who could commit them. */
  #changedMs: number | null = null;
  /** While nothing waits that could be done now: when the next package may be used to take a member in anew. */
  #readdMs: number | null = null;
  /** When those who would not found a group are tried again. */
  #retryMs: number | null = null;
  #lastGeneration = 0;

  constructor(channelId: number, randomU32: () => number, counters: KeyCounters) {
    this.#channelId = channelId;
    this.#randomU32 = randomU32;
    this.#counters = counters;
  }

  get empty(): boolean {
    return this.#roster.empty;
  }

  get group(): readonly string[] {
    return this.#roster.group();
  }

  /** Whose commit is waited for. */
  get committer(): Member | null {
    return this.#asked?.committer.member ?? null;
  }

  has(member: Member): boolean {
    return this.#roster.find(member) !== undefined;
  }

  handleEntered(member: Member, nowMs: number, out: RelayOut): void {
    this.#enter(member, nowMs, out);
    this.#advance(nowMs, out);
  }

  handleLeft(member: Member, nowMs: number, out: RelayOut): void {
    const left = this.#roster.find(member);
    if (left === undefined) return;
    this.#leave(left, nowMs, out);
    this.#advance(nowMs, out);
  }

  handleLaneLost(member: Member, nowMs: number, out: RelayOut): void {
    const lost = this.#roster.find(member);
    if (lost === undefined) return;
    lost.laneLostMs = nowMs;
    if (this.#asked?.committer === lost) this.#abandon(nowMs, out);
    this.#advance(nowMs, out);
  }

  handleReconnected(member: Member, nowMs: number, out: RelayOut): void {
    let back = this.#roster.find(member);
    if (back === undefined) back = this.#enter(member, nowMs, out);
    const lostMs = back.laneLostMs ?? nowMs;
    back.laneLostMs = null;
    const uncertain = back.sentMs !== null && lostMs - back.sentMs < UNCERTAIN_DELIVERY_MS;
    if (back.package === null) {
      if (!this.#roster.holdsLeaf(back)) this.#request(back, true, nowMs, out);
      else if (back.missed || uncertain) this.#request(back, false, nowMs, out);
    }
    this.#advance(nowMs, out);
  }

  /** @returns false when too many of the member's packages were no good */
  handleKeyPackage(member: Member, keyPackage: string, nowMs: number, out: RelayOut): boolean {
    const sender = this.#roster.find(member);
    if (sender === undefined || sender.skips >= MAX_SKIPS) return false;
    if (this.#roster.holdsLeaf(sender) && sender.package === null) this.#choice.handleComplaint(sender);
    sender.package = keyPackage;
    sender.requests = 0;
    sender.nextRequestMs = null;
    this.#changedMs ??= nowMs;
    // Who is out of step cannot commit. A founder starts from nothing and can.
    if (this.#asked?.committer === sender && !this.#asked.found) this.#abandon(nowMs, out);
    // Whoever failed has shown that it is awake.
    this.#choice.forgive(sender);
    this.#advance(nowMs, out);
    return true;
  }

  handleCommit(
    member: Member,
    message: CommitMessage,
    nowMs: number,
    out: RelayOut,
  ): 'accepted' | 'stale' | 'senseless' {
    const asked = this.#asked;
    if (asked === null || asked.committer.member !== member || !sameState(asked.state, message.state)) {
      return 'stale';
    }
    this.#asked = null;
    if (!isSensible(asked, message)) {
      this.#passOver(asked.committer, nowMs, out);
      this.#advance(nowMs, out);
      return 'senseless';
    }
    this.#accept(asked, message, nowMs, out);
    const left = this.#roster.ready(nowMs).length;
    // What did not fit has gathered already.
    if (left > 0 && asked.add.length === MAX_ADDS_PER_COMMIT) this.#ask(nowMs, out);
    this.#advance(nowMs, out);
    return 'accepted';
  }

  handleDeadline(nowMs: number, out: RelayOut): void {
    const asked = this.#asked;
    if (asked !== null && nowMs >= asked.deadlineMs) {
      this.#asked = null;
      this.#counters.commitsTimedOut += 1;
      this.#passOver(asked.committer, nowMs, out);
    }
    if (this.#retryMs !== null && nowMs >= this.#retryMs) {
      this.#retryMs = null;
      this.#choice.forgiveAll();
    }
    for (const waited of this.#roster.present()) {
      if (waited.nextRequestMs === null || nowMs < waited.nextRequestMs) continue;
      waited.nextRequestMs = null;
      // Who is away is asked on coming back.
      if (isLive(waited)) this.#request(waited, !this.#roster.holdsLeaf(waited), nowMs, out);
    }
    this.#advance(nowMs, out);
  }

  nextDeadlineMs(): number | null {
    let earliestMs = this.#asked?.deadlineMs ?? Number.POSITIVE_INFINITY;
    if (this.#asked === null) {
      if (this.#changedMs !== null) earliestMs = this.#dueMs(this.#changedMs);
      else if (this.#readdMs !== null) earliestMs = this.#readdMs;
    }
    if (this.#retryMs !== null) earliestMs = Math.min(earliestMs, this.#retryMs);
    for (const member of this.#roster.present()) {
      if (member.nextRequestMs !== null) earliestMs = Math.min(earliestMs, member.nextRequestMs);
    }
    return Number.isFinite(earliestMs) ? earliestMs : null;
  }

  #enter(member: Member, nowMs: number, out: RelayOut): KeyedMember {
    const previous = this.#roster.findIdentity(member.identity);
    if (previous !== undefined) this.#leave(previous, nowMs, out);
    return this.#roster.enter(member, nowMs);
  }

  #leave(left: KeyedMember, nowMs: number, out: RelayOut): void {
    this.#choice.forgive(left);
    if (this.#roster.leave(left)) this.#changedMs ??= nowMs;
    if (this.#asked?.committer === left) this.#abandon(nowMs, out);
  }

  #dueMs(changedMs: number): number {
    return Math.max(changedMs + FIRST_GATHER_MS, this.#lastAskedMs + GATHER_MS);
  }

  /** Asks for a commit if there is something to commit, somebody to do it, and its time has come. */
  #advance(nowMs: number, out: RelayOut): void {
    if (this.#asked !== null) return;
    this.#readdMs = this.#roster.nextReaddMs(nowMs);
    const waits = this.#roster.removals.size > 0 || this.#roster.ready(nowMs).length > 0;
    if (!waits || (this.#bestCommitter() === null && this.#bestFounder() === null)) {
      this.#changedMs = null;
      return;
    }
    this.#changedMs ??= nowMs;
    if (nowMs >= this.#dueMs(this.#changedMs)) this.#ask(nowMs, out);
  }

  #ask(nowMs: number, out: RelayOut): void {
    this.#changedMs = null;
    let committer = this.#bestCommitter();
    if (this.#state !== null) {
      const founder = this.#bestFounder();
      const worn =
        this.#choice.passedOver >= MAX_PASSED_OVER || (committer === null && this.#choice.passedOver > 0);
      const suspect =
        committer !== null &&
        committer.strikes >= MAX_STRIKES &&
        founder !== null &&
        founder.strikes < committer.strikes;
      if (worn || suspect || (committer === null && founder !== null)) {
        if (worn) this.#slowDown();
        this.#giveUpGroup(nowMs, out);
        committer = null;
      }
    }
    if (this.#state !== null) {
      if (committer !== null) this.#askFor(committer, this.#state, nowMs, out);
      return;
    }
    const founder = this.#bestFounder();
    if (founder !== null) {
      this.#askFor(founder, this.#freshState(), nowMs, out);
    } else if (this.#choice.passedOver > 0 && this.#retryMs === null) {
      this.#slowDown();
      this.#retryMs = nowMs + this.#timeoutMs();
    }
  }

  #askFor(committer: KeyedMember, state: GroupState, nowMs: number, out: RelayOut): void {
    const { lane } = committer.member;
    if (lane === null) return;
    const found = this.#state === null;
    const add = this.#roster
      .ready(nowMs)
      .filter((member) => member !== committer)
      .slice(0, MAX_ADDS_PER_COMMIT)
      .map((member) => ({ member, package: member.package ?? '' }));
    const remove = new Set(this.#roster.removals);
    for (const { member } of add) {
      if (this.#roster.hasLeaf(member.member.identity)) remove.add(member.member.identity);
    }
    const work: CommitWork = {
      committer,
      state,
      found,
      add,
      remove: [...remove].slice(0, MAX_REMOVES_PER_COMMIT),
      deadlineMs: nowMs + this.#timeoutMs(),
    };
    this.#asked = work;
    this.#lastAskedMs = nowMs;
    committer.askedMs = nowMs;
    this.#counters.commitsAsked += 1;
    out.sendControl(lane, {
      type: 'commitWanted',
      state,
      found,
      add: add.map(({ member, package: keyPackage }) => ({
        identity: member.member.identity,
        package: keyPackage,
      })),
      remove: work.remove,
    });
  }

  #accept(asked: CommitWork, message: CommitMessage, nowMs: number, out: RelayOut): void {
    const { committer, state } = asked;
    const skipped = new Set(message.skipped);
    this.#choice.forgiveAll();
    this.#timeoutDoublings = 0;
    this.#retryMs = null;
    if (asked.found) {
      this.#counters.foundings += 1;
      this.#roster.addLeaf(committer, nowMs);
      committer.package = null;
      committer.missed = false;
    }
    for (const identity of asked.remove) this.#roster.removeLeaf(identity);
    this.#counters.leavesRemoved += asked.remove.length;
    let reach = 0;
    if (asked.found || message.commit !== null) reach = this.#broadcast(asked, message.commit, nowMs, out);
    const epoch = message.commit === null ? state.epoch : state.epoch + 1;
    this.#state = { ...state, epoch };
    for (const added of asked.add) {
      if (skipped.has(added.member.member.identity)) this.#skip(added, nowMs, out);
      else reach += this.#welcome(added, message.welcome ?? '', nowMs, out);
    }
    if (message.commit !== null) this.#choice.handleCommitted(committer, reach);
  }

  /** @returns how many besides the committer it was sent to */
  #broadcast(asked: CommitWork, commit: string | null, nowMs: number, out: RelayOut): number {
    const message = {
      type: 'committed',
      state: asked.state,
      from: asked.committer.member.identity,
      commit,
    } as const;
    let reach = 0;
    for (const member of this.#roster.present()) {
      // Who waits to be taken in anew has no use for it.
      if (!this.#roster.holdsLeaf(member) || member.package !== null) continue;
      const { lane } = member.member;
      if (lane === null || !isLive(member)) {
        member.missed = true;
        continue;
      }
      member.sentMs = nowMs;
      if (member !== asked.committer) reach += 1;
      out.sendControl(lane, message);
    }
    return reach;
  }

  /** @returns 1 when the newcomer was sent the welcome */
  #welcome(added: CommitWork['add'][number], welcome: string, nowMs: number, out: RelayOut): number {
    const { member } = added;
    const { lane } = member.member;
    this.#counters.leavesAdded += 1;
    if (!this.#roster.addLeaf(member, nowMs)) return 0;
    // A newer package waits: the member has no use for this welcome and will be taken in anew.
    if (member.package !== added.package) return 0;
    member.package = null;
    member.skips = 0;
    member.missed = lane === null || !isLive(member);
    if (lane === null || member.missed || this.#state === null) return 0;
    member.sentMs = nowMs;
    out.sendControl(lane, { type: 'groupWelcome', state: this.#state, welcome });
    return 1;
  }

  #skip(added: CommitWork['add'][number], nowMs: number, out: RelayOut): void {
    const { member } = added;
    this.#counters.packagesSkipped += 1;
    if (this.#roster.find(member.member) !== member || member.package !== added.package) return;
    member.package = null;
    member.skips += 1;
    if (member.skips < MAX_SKIPS && isLive(member)) this.#request(member, false, nowMs, out);
  }

  #request(member: KeyedMember, reset: boolean, nowMs: number, out: RelayOut): void {
    const { lane } = member.member;
    if (lane === null) return;
    member.requests += 1;
    member.nextRequestMs =
      member.requests < MAX_PACKAGE_REQUESTS ? nowMs + FIRST_REQUEST_MS * 2 ** member.requests : null;
    this.#counters.packagesWanted += 1;
    out.sendControl(lane, { type: 'keyPackageWanted', channel: this.#channelId, reset });
  }

  /** The committer can no longer answer, through no fault of its own: the next one is asked at once. */
  #abandon(nowMs: number, out: RelayOut): void {
    this.#asked = null;
    this.#counters.commitsAbandoned += 1;
    this.#askAgain(nowMs, out);
  }

  /** The committer stayed silent or answered nonsense: the next one is asked at once. */
  #passOver(committer: KeyedMember, nowMs: number, out: RelayOut): void {
    this.#choice.handleFailure(committer);
    this.#askAgain(nowMs, out);
  }

  #askAgain(nowMs: number, out: RelayOut): void {
    if (this.#roster.removals.size > 0 || this.#roster.ready(nowMs).length > 0) this.#ask(nowMs, out);
  }

  /** Forgets the group; everybody who was in it and sent no package since is asked for one. */
  #giveUpGroup(nowMs: number, out: RelayOut): void {
    this.#counters.resets += 1;
    const members = [...this.#roster.present()].filter((member) => this.#roster.holdsLeaf(member));
    this.#state = null;
    this.#roster.clearLeaves();
    this.#choice.forgiveAll();
    for (const member of members) {
      member.missed = false;
      if (member.package === null && isLive(member)) this.#request(member, true, nowMs, out);
    }
  }

  #slowDown(): void {
    this.#timeoutDoublings = Math.min(this.#timeoutDoublings + 1, MAX_TIMEOUT_DOUBLINGS);
  }

  #timeoutMs(): number {
    return COMMIT_TIMEOUT_MS * 2 ** this.#timeoutDoublings;
  }

  #freshState(): GroupState {
    const drawn = this.#randomU32() >>> 0;
    this.#lastGeneration = drawn === this.#lastGeneration ? (drawn + 1) >>> 0 : drawn;
    return { channel: this.#channelId, generation: this.#lastGeneration, epoch: 0 };
  }

  #bestCommitter(): KeyedMember | null {
    return this.#choice.best(
      this.#roster.present(),
      (member) => this.#roster.holdsLeaf(member) && member.package === null && !member.missed,
    );
  }

  /** Only who has a package waiting founds a group: that proves a client that is awake and can do it. */
  #bestFounder(): KeyedMember | null {
    return this.#choice.best(this.#roster.present(), (member) => member.package !== null);
  }
}
