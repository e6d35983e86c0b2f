import { minDelayMs, type Trace } from './trace.ts';

/** Without talkspurts, the delay may change once a second. */
const SEGMENT_PACKETS = 50;

/** Halvings of the price of a loss: enough for any double. */
const SEARCH_STEPS = 100;

export interface Optimum {
  /** Mean delay from sending to playout above the fastest packet, over the packets played. */
  readonly playoutMs: number;
  /** Mean wait of the packets played. */
  readonly bufferMs: number;
  /** Packets lost or late, over all. */
  readonly lostShare: number;
}

/** Delays of the packets of one segment that arrived, ascending. */
type Segment = readonly number[];

interface Choice {
  readonly costMs: number;
  readonly played: number;
  readonly waitMs: number;
}

function segmentsOf(trace: Trace): Segment[] {
  const least = minDelayMs(trace);
  const segments = new Map<number, number[]>();
  for (const [index, delay] of trace.delaysMs.entries()) {
    const segment = trace.talkspurts
      ? (trace.talkspurts[index] ?? null)
      : Math.floor(index / SEGMENT_PACKETS);
    if (delay === null || segment === null) continue;
    const delays = segments.get(segment) ?? [];
    delays.push(delay - least);
    segments.set(segment, delays);
  }
  return [...segments.values()].map((delays) => delays.sort((a, b) => a - b));
}

/** The cheapest delay of a segment when a late packet costs that much. */
function choose(segment: Segment, lossPriceMs: number): Choice {
  let best: Choice = { costMs: 0, played: 0, waitMs: 0 };
  let leastCost = segment.length * lossPriceMs;
  let sumMs = 0;
  for (const [at, delayMs] of segment.entries()) {
    sumMs += delayMs;
    const played = at + 1;
    const cost = played * delayMs + (segment.length - played) * lossPriceMs;
    if (cost > leastCost) continue;
    leastCost = cost;
    best = { costMs: played * delayMs, played, waitMs: played * delayMs - sumMs };
  }
  return best;
}

function total(segments: readonly Segment[], lossPriceMs: number): Choice {
  return segments
    .map((segment) => choose(segment, lossPriceMs))
    .reduce((sum, choice) => ({
      costMs: sum.costMs + choice.costMs,
      played: sum.played + choice.played,
      waitMs: sum.waitMs + choice.waitMs,
    }));
}

/**
 * The least mean playout delay at which no more than a share of the packets is lost or late, by somebody who knows
 * every delay beforehand and picks one playout delay per talkspurt, or per second where there are no talkspurts.
 *
 * Source: Moon, Kurose and Towsley, "Packet audio playout delay adjustment", Multimedia Systems 6 (1998), section 4.
 * They count losses by dynamic programming; here a loss has a price, which is searched until the losses fit. Between
 * two prices the figure is interpolated: nobody can be better, and with many segments one can be as good.
 *
 * @param lostShare allowed share of packets not played, those lost on the way included
 */
export function optimum(trace: Trace, lostShare: number): Optimum {
  const segments = segmentsOf(trace);
  const sent = trace.delaysMs.filter(
    (_, index) => !trace.talkspurts || trace.talkspurts[index] !== null,
  ).length;
  const arrived = segments.reduce((sum, segment) => sum + segment.length, 0);
  const wanted = Math.min(arrived, Math.ceil(sent * (1 - lostShare)));
  let [low, high] = [0, 2 * arrived * Math.max(1, ...segments.map((segment) => segment.at(-1) ?? 0))];
  for (let step = 0; step < SEARCH_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (total(segments, middle).played >= wanted) high = middle;
    else low = middle;
  }
  const [below, above] = [total(segments, low), total(segments, high)];
  const span = above.played - below.played;
  const share = span <= 0 ? 1 : (wanted - below.played) / span;
  const between = (from: number, to: number): number => from + (to - from) * share;
  return {
    playoutMs: between(below.costMs, above.costMs) / wanted,
    bufferMs: between(below.waitMs, above.waitMs) / wanted,
    lostShare: 1 - wanted / sent,
  };
}
