import type { BotFigure } from '../../contract/admin.ts';
import type { BotCount } from './measurement.ts';

/** Share of a core from which on the bots count as their own limit: what is left is not theirs on a busy machine. */
export const BUSY_SHARE = 0.9;

/** Lateness of the bots' own frames from which on it is told, in ms: as long as a frame, and a listener would notice. */
export const LATE_PACING_MS = 20;

/** How well the bots could measure in the last second. */
export interface Fitness {
  readonly botsCpu: number;
  readonly pacingP99Ms: number;
  /** Since the last look. */
  readonly droppedHere: number;
  /** Arrivals that there was no time to decipher, since the last look. */
  readonly notTried: number;
}

/** What a person should know about the figures; empty when the bots measure the relay and not themselves. */
export function fitnessSentence({ botsCpu, pacingP99Ms, droppedHere, notTried }: Fitness): string {
  if (botsCpu >= BUSY_SHARE)
    return `The bots are at their own limit (${Math.round(botsCpu * 100)} % of a core): loss and delay may be theirs, not the relay's.`;
  if (droppedHere > 0)
    return `The bots' own sockets dropped ${droppedHere} datagrams in the last second: that loss is not the relay's.`;
  if (pacingP99Ms >= LATE_PACING_MS)
    return `The bots talk up to ${Math.round(pacingP99Ms)} ms late: this machine is too busy to measure exactly.`;
  if (notTried > 0)
    return `There was no time to decipher ${notTried} datagrams in the last second; they count as received.`;
  return '';
}

/** In percent, 0 where nothing was expected. */
export function lossPercent({
  expected,
  lost,
}: {
  readonly expected: number;
  readonly lost: number;
}): number {
  return expected === 0 ? 0 : (100 * lost) / expected;
}

/** @param unopened arrivals at this bot that could not be opened: none is expected */
export function botFigure(bot: number, count: BotCount, unopened: number): BotFigure {
  return {
    bot: bot + 1,
    speaking: count.sent > 0,
    sent: count.sent,
    received: Math.max(0, count.received - unopened),
    expected: count.expected,
    unopened,
    lossPercent: lossPercent(count),
    latencyMs: count.latency.percentiles(),
  };
}
