import { type Losses, NO_LOSSES } from '../redundancy/losses.ts';
import { HEARING_INTERVAL_MS, type HearingReport, MAX_HEARING_REPORTS } from '../wire/hearing.ts';
import type { ControlCounters } from './control-counters.ts';
import type { RelayOut } from './relay-out.ts';
import type { Member, Room } from './room.ts';

/**
 * How long a report holds that is not renewed, in ms: over a turn of the other one in a conversation. A client renews
 * what it hears far more often.
 */
export const HEARING_LIFETIME_MS = 30_000;

/**
 * Of so many listeners the worst is passed over. In a small room everybody counts; in a large one a listener behind a
 * line that nothing helps, or one who lies, does not decide alone what everybody gets.
 */
export const LISTENERS_PER_OUTLIER = 8;

interface KeptReport extends Losses {
  readonly atMs: number;
}

interface Told {
  readonly losses: Losses;
  /** Before that the speaker is not told again. */
  readonly dueMs: number;
}

/**
 * Takes what members report to be missing of the others' voices, and tells each speaker one figure for all of them.
 *
 * A report can only make a speaker spend the bitrate of the channel in another way, so it needs no more proof than
 * that both are in the channel.
 */
export class HearingDesk {
  readonly #room: Room;
  readonly #counters: ControlCounters;
  /** By listener, then by the speaker's token, the oldest first; at most MAX_HEARING_REPORTS each. */
  readonly #reports = new Map<Member, Map<number, KeptReport>>();
  /** Speakers who were told of losses, or may have to be. */
  readonly #told = new Map<Member, Told>();
  /** Speakers whose reports have changed since they were last seen to. */
  readonly #pending = new Set<Member>();
  /** No report ends before this. */
  #earliestEndMs: number | null = null;

  constructor(room: Room, counters: ControlCounters) {
    this.#room = room;
    this.#counters = counters;
  }

  handleReports(listener: Member, reports: readonly HearingReport[], nowMs: number, out: RelayOut): void {
    for (const { from, lostPermille, burstTenths } of reports) {
      const speaker = this.#room.find(from);
      const { channel } = listener;
      this.#counters.hearingReports += 1;
      if (speaker === undefined || speaker === listener || channel === null || speaker.channel !== channel) {
        this.#counters.hearingReportsDropped += 1;
        continue;
      }
      this.#keep(listener, speaker, { lostPermille, burstTenths, atMs: nowMs });
      this.#see(speaker, nowMs, out);
    }
  }

  /** A member has left its channel: nothing that was said by it or about it holds any more. */
  handleLeft(member: Member): void {
    for (const from of this.#reports.get(member)?.keys() ?? []) {
      const speaker = this.#room.find(from);
      if (speaker !== undefined) this.#pending.add(speaker);
    }
    this.#reports.delete(member);
    for (const reports of this.#reports.values()) reports.delete(member.token);
    if (this.#told.has(member)) this.#pending.add(member);
  }

  /** A member's lane is gone, or the member is: on another lane its client begins with nothing lost. */
  handleLaneGone(member: Member): void {
    this.handleLeft(member);
    this.#told.delete(member);
    this.#pending.delete(member);
  }

  handleDeadline(nowMs: number, out: RelayOut): void {
    this.#endOldReports(nowMs);
    for (const speaker of [...this.#pending]) this.#see(speaker, nowMs, out);
  }

  nextDeadlineMs(): number | null {
    let next = this.#earliestEndMs;
    for (const speaker of this.#pending) {
      const dueMs = this.#dueMs(speaker);
      if (next === null || dueMs < next) next = dueMs;
    }
    return next;
  }

  #keep(listener: Member, speaker: Member, report: KeptReport): void {
    let reports = this.#reports.get(listener);
    if (reports === undefined) {
      reports = new Map();
      this.#reports.set(listener, reports);
    }
    // Behind the others: the oldest makes way.
    reports.delete(speaker.token);
    for (const oldest of reports.keys()) {
      if (reports.size < MAX_HEARING_REPORTS) break;
      reports.delete(oldest);
      const passed = this.#room.find(oldest);
      if (passed !== undefined) this.#pending.add(passed);
    }
    reports.set(speaker.token, report);
    this.#pending.add(speaker);
    const endMs = report.atMs + HEARING_LIFETIME_MS;
    if (this.#earliestEndMs === null || endMs < this.#earliestEndMs) this.#earliestEndMs = endMs;
  }

  #endOldReports(nowMs: number): void {
    if (this.#earliestEndMs === null || nowMs < this.#earliestEndMs) return;
    this.#earliestEndMs = null;
    for (const [listener, reports] of this.#reports) {
      for (const [from, { atMs }] of reports) {
        const endMs = atMs + HEARING_LIFETIME_MS;
        if (endMs > nowMs) {
          if (this.#earliestEndMs === null || endMs < this.#earliestEndMs) this.#earliestEndMs = endMs;
          continue;
        }
        reports.delete(from);
        const speaker = this.#room.find(from);
        if (speaker !== undefined) this.#pending.add(speaker);
      }
      if (reports.size === 0) this.#reports.delete(listener);
    }
  }

  #dueMs(speaker: Member): number {
    return this.#told.get(speaker)?.dueMs ?? 0;
  }

  /** Tells the speaker what has changed, unless it was seen to just now. */
  #see(speaker: Member, nowMs: number, out: RelayOut): void {
    if (nowMs < this.#dueMs(speaker)) return;
    this.#pending.delete(speaker);
    if (speaker.lane === null) return;
    const losses = this.#lossesOf(speaker);
    const told = this.#told.get(speaker);
    const before = told?.losses ?? NO_LOSSES;
    this.#told.set(speaker, { losses, dueMs: nowMs + HEARING_INTERVAL_MS });
    if (before.lostPermille === losses.lostPermille && before.burstTenths === losses.burstTenths) return;
    const { lostPermille, burstTenths } = losses;
    this.#counters.heardTold += 1;
    out.sendControl(speaker.lane, { type: 'heard', lostPermille, burstTenths });
  }

  /** What the worst listener reports, outliers passed over. Whoever reports nothing misses nothing. */
  #lossesOf(speaker: Member): Losses {
    const { channel } = speaker;
    if (channel === null) return NO_LOSSES;
    const reported: Losses[] = [];
    let listeners = 0;
    for (const listener of channel.members) {
      if (listener === speaker || listener.deafened) continue;
      listeners += 1;
      const report = this.#reports.get(listener)?.get(speaker.token);
      if (report !== undefined) reported.push(report);
    }
    reported.sort((a, b) => b.lostPermille - a.lostPermille || b.burstTenths - a.burstTenths);
    const worst = reported[Math.floor(listeners / LISTENERS_PER_OUTLIER)];
    return worst === undefined || worst.lostPermille === 0 ? NO_LOSSES : worst;
  }
}
