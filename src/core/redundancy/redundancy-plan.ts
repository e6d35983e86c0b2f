import { TIMESTAMP_HZ } from '../wire/datagram.ts';
import { MAX_COPY_SPACING } from './frame-copies.ts';
import type { Losses } from './losses.ts';
import { COPY_HEADER_BYTES, MAX_COPIES } from './redundant-payload.ts';

/** What a channel allows. */
export interface RedundancyLimits {
  /** Of everything together, primary and copies, in bit/s. */
  readonly bitrate: number;
  /** Length of a frame, 48 kHz. */
  readonly frameSamples: number;
  /** 0 to MAX_COPIES. */
  readonly maxCopies: number;
}

/** How speech is to be sent. */
export interface RedundancyPlan {
  readonly copies: number;
  /** Frames between the primary, the first copy and the second. */
  readonly spacing: number;
  /** For the encoder, in bit/s. */
  readonly encoderBitrate: number;
}

/** Less loss than this may be chance alone and is concealed well, in thousandths: no copies, no delay. */
export const MIN_LOST_PERMILLE = 10;

/** Below this speech is worse than with any loss that copies make good, in bit/s. */
export const MIN_ENCODER_BITRATE = 10_000;

/** The furthest copy comes at most so much later than its frame, in ms: more holds a conversation up. */
export const MAX_SPREAD_MS = 120;

/**
 * What speech without losses loses by the encoder's bitrate (bit/s), in points of PLCMOS, by bench:loss; below
 * 16 kbit/s more, for PLCMOS does not hear what is missing above 8 kHz.
 */
const BITRATE_COSTS: readonly (readonly [number, number])[] = [
  [6_000, 1.5],
  [10_000, 0.3],
  [15_600, 0.1],
  [20_000, 0.07],
  [30_500, 0.015],
  [62_000, 0],
];

/** What a share of 1 of frames concealed would cost, in points of PLCMOS: as bench:loss has it for up to a fifth. */
const CONCEALMENT_COST = 4.5;

/**
 * What a ms of waiting for copies costs in the same points: between what G.107 has for conversations with little delay
 * and for those with so much that they suffer.
 */
const DELAY_COST_PER_MS = 0.002;

/**
 * How to divide a channel's bitrate between a frame and its copies, given what is lost: what costs least in bitrate,
 * in frames lost with all their copies, and in delay. Losses are taken to follow Gilbert's model.
 *
 * @param losses null: nothing is known, so nothing is lost
 */
export function planRedundancy(limits: RedundancyLimits, losses: Losses | null): RedundancyPlan {
  let best: RedundancyPlan = { copies: 0, spacing: 1, encoderBitrate: limits.bitrate };
  if (losses === null || losses.lostPermille < MIN_LOST_PERMILLE) return best;
  const frameMs = (limits.frameSamples * 1_000) / TIMESTAMP_HZ;
  let least = bitrateCost(limits.bitrate) + CONCEALMENT_COST * residualLoss(losses, 0, 1);
  for (let copies = 1; copies <= Math.min(limits.maxCopies, MAX_COPIES); copies += 1) {
    const encoderBitrate = shareOf(limits, copies);
    if (encoderBitrate < MIN_ENCODER_BITRATE) break;
    for (let spacing = 1; spacing <= MAX_COPY_SPACING; spacing += 1) {
      const spreadMs = copies * spacing * frameMs;
      if (spacing > 1 && spreadMs > MAX_SPREAD_MS) break;
      const cost =
        bitrateCost(encoderBitrate) +
        CONCEALMENT_COST * residualLoss(losses, copies, spacing) +
        DELAY_COST_PER_MS * spreadMs;
      if (cost >= least) continue;
      least = cost;
      best = { copies, spacing, encoderBitrate };
    }
  }
  return best;
}

/** What is left for each frame, in bit/s, when it goes out `copies` times more, each with its header. */
function shareOf({ bitrate, frameSamples }: RedundancyLimits, copies: number): number {
  const framesPerSecond = TIMESTAMP_HZ / frameSamples;
  const headers = copies * COPY_HEADER_BYTES * 8 * framesPerSecond;
  return Math.floor((bitrate - headers) / (copies + 1));
}

/** Between the points by the logarithm of the bitrate. */
function bitrateCost(bitrate: number): number {
  let [lowBitrate, lowCost] = BITRATE_COSTS[0] ?? [1, 0];
  if (bitrate <= lowBitrate) return lowCost;
  for (const [highBitrate, highCost] of BITRATE_COSTS) {
    if (bitrate <= highBitrate) {
      const share = Math.log(bitrate / lowBitrate) / Math.log(highBitrate / lowBitrate);
      return lowCost + share * (highCost - lowCost);
    }
    lowBitrate = highBitrate;
    lowCost = highCost;
  }
  return lowCost;
}

/**
 * Share of frames that are lost with all their copies. In Gilbert's model a packet `spacing` behind a lost one is lost
 * too with p + (1 - p) * memory^spacing, memory being what is left of one packet's fate in the next; and so on from
 * copy to copy.
 */
function residualLoss({ lostPermille, burstTenths }: Losses, copies: number, spacing: number): number {
  const lost = Math.min(lostPermille, 990) / 1_000;
  const endRate = 10 / burstTenths;
  const beginRate = (endRate * lost) / (1 - lost);
  const memory = Math.max(0, Math.min(1, 1 - endRate - beginRate));
  const copyLost = lost + (1 - lost) * memory ** spacing;
  return lost * copyLost ** copies;
}
