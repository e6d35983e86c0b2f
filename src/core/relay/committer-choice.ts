import { isLive, type KeyedMember } from './commit-work.ts';

/** The newest commit that changed the tree, and who could not use it. */
interface LastCommit {
  readonly committer: KeyedMember;
  /** Members it was sent to, its committer not counted. */
  readonly reach: number;
  readonly complaints: Set<string>;
}

/** Who is asked to commit next in one channel: remembers who failed, and whose commit the others could not use. */
export class CommitterChoice {
  /** Failed since the last accepted commit. */
  readonly #passedOver = new Set<KeyedMember>();
  #lastCommit: LastCommit | null = null;

  /** How many failed in a row. */
  get passedOver(): number {
    return this.#passedOver.size;
  }

  /** The one that failed least; among equals who was asked longest ago, so that the work and the trust go round. */
  best(members: Iterable<KeyedMember>, able: (member: KeyedMember) => boolean): KeyedMember | null {
    let best: KeyedMember | null = null;
    for (const member of members) {
      if (!isLive(member) || this.#passedOver.has(member) || !able(member)) continue;
      const better =
        best === null ||
        member.strikes < best.strikes ||
        (member.strikes === best.strikes && member.askedMs < best.askedMs);
      if (better) best = member;
    }
    return best;
  }

  /** `committer` stayed silent, or answered nonsense. */
  handleFailure(committer: KeyedMember): void {
    committer.strikes += 1;
    this.#passedOver.add(committer);
  }

  forgive(member: KeyedMember): void {
    this.#passedOver.delete(member);
  }

  forgiveAll(): void {
    this.#passedOver.clear();
  }

  /** A commit was sent out. The one before it was good, as far as the relay can tell. */
  handleCommitted(committer: KeyedMember, reach: number): void {
    if (this.#lastCommit !== null) this.#lastCommit.committer.strikes = 0;
    this.#lastCommit = { committer, reach, complaints: new Set() };
  }

  /**
   * A member that should be in step sent a fresh package unasked: the last commit may be rubbish, which a blind relay
   * cannot see. When more than half of those who got it say so, its committer has failed: a minority can blame nobody.
   */
  handleComplaint(sender: KeyedMember): void {
    const last = this.#lastCommit;
    if (last === null || last.committer === sender || sender.missed || sender.requests > 0) return;
    last.complaints.add(sender.member.identity);
    if (last.complaints.size * 2 <= last.reach) return;
    last.committer.strikes += 1;
    this.#lastCommit = null;
  }
}
