import {
  HEARING_INTERVAL_MS,
  type HearingReport,
  MAX_BURST_TENTHS,
  MAX_HEARING_REPORTS,
} from '../wire/hearing.ts';
import { type Losses, NO_LOSSES } from './losses.ts';

/** Packets that must have been due since the last report: a second of 20 ms frames. Fewer tell chance from loss badly. */
export const MIN_HEARD_PACKETS = 50;

/** What is still so is said again after this time, in ms: well before the relay forgets it. */
export const HEARING_RENEWAL_MS = 10_000;

/** How much of what was counted before an interval still counts: the last two intervals or so decide. */
const MEMORY = 0.5;

/** Shares are told in steps of this many thousandths, … */
const STEP_PERMILLE = 5;
/** … and anew only when they have changed by more than this, or by a quarter: chance alone moves them that much. */
const MIN_CHANGE_PERMILLE = 10;
/** A mean length of losses is told anew when it has changed by half a packet. */
const MIN_CHANGE_TENTHS = 5;

/** Packets of one voice over some time: due, of these lost, and in how many bursts. */
export interface LossCount {
  readonly expected: number;
  readonly lost: number;
  readonly burstCount: number;
}

interface HeardVoice {
  /** With forgetting. */
  expected: number;
  lost: number;
  bursts: number;
  /** Since the last report. */
  fresh: number;
  told: Losses;
  toldMs: number;
}

/** What is lost of each voice, said rarely: when it has changed, and now and then while something is lost. */
export class HearingCollector {
  readonly #voices = new Map<number, HeardVoice>();
  #nextMs = Number.NEGATIVE_INFINITY;

  /** Counts of a voice since the last call. */
  observe(token: number, { expected, lost, burstCount }: LossCount): void {
    let voice = this.#voices.get(token);
    if (voice === undefined) {
      if (expected === 0) return;
      voice = { expected: 0, lost: 0, bursts: 0, fresh: 0, told: NO_LOSSES, toldMs: 0 };
      this.#voices.set(token, voice);
    }
    voice.expected += expected;
    voice.lost += lost;
    voice.bursts += burstCount;
    voice.fresh += expected;
  }

  /** True when `take` may have something to say: every HEARING_INTERVAL_MS. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.#nextMs;
  }

  /** What has to be said now, MAX_HEARING_REPORTS at most; the rest waits for the next interval. */
  take(nowMs: number): HearingReport[] {
    if (!this.isDue(nowMs)) return [];
    this.#nextMs = nowMs + HEARING_INTERVAL_MS;
    const reports: HearingReport[] = [];
    for (const [from, voice] of this.#voices) {
      if (voice.fresh < MIN_HEARD_PACKETS) continue;
      if (reports.length === MAX_HEARING_REPORTS) break;
      const losses = lossesOf(voice);
      voice.fresh = 0;
      voice.expected *= MEMORY;
      voice.lost *= MEMORY;
      voice.bursts *= MEMORY;
      const isOld = voice.told.lostPermille > 0 && nowMs >= voice.toldMs + HEARING_RENEWAL_MS;
      if (!isOld && !hasChanged(voice.told, losses)) continue;
      voice.told = losses;
      voice.toldMs = nowMs;
      reports.push({ from, ...losses });
    }
    return reports;
  }

  /** The voice is gone; its token may be given out anew. */
  forget(token: number): void {
    this.#voices.delete(token);
  }

  /** Another session or another channel: nobody knows what was said. */
  clear(): void {
    this.#voices.clear();
  }
}

function lossesOf({ expected, lost, bursts }: HeardVoice): Losses {
  const lostPermille = Math.round((1_000 * lost) / expected / STEP_PERMILLE) * STEP_PERMILLE;
  if (lostPermille === 0) return NO_LOSSES;
  const burstTenths = Math.round((10 * lost) / Math.max(bursts, 1));
  return { lostPermille, burstTenths: Math.max(10, Math.min(MAX_BURST_TENTHS, burstTenths)) };
}

function hasChanged(told: Losses, now: Losses): boolean {
  const change = Math.abs(now.lostPermille - told.lostPermille);
  if (now.lostPermille === 0 || told.lostPermille === 0) return change > 0;
  if (change > Math.max(MIN_CHANGE_PERMILLE, told.lostPermille / 4)) return true;
  return Math.abs(now.burstTenths - told.burstTenths) >= MIN_CHANGE_TENTHS;
}
