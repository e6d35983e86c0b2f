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

/** From this much loss on each frame goes along once more, and from that on twice, in thousandths. */
export const ONE_COPY_PERMILLE = 15;
export const TWO_COPIES_PERMILLE = 70;

/** Below this speech itself suffers more from the bitrate than a copy more makes good, in bit/s. */
export const MIN_ENCODER_BITRATE = 12_000;

/** Losses this much longer than chance makes them are bursts. */
const BURST_FACTOR = 1.5;

/** A copy that comes later than this after its frame holds the whole conversation up, in ms. */
const MAX_SPREAD_MS = 120;

/**
 * How to divide a channel's bitrate between a frame and its copies, given what is lost.
 *
 * @param losses null: nothing is known, so nothing is lost
 */
export function planRedundancy(limits: RedundancyLimits, losses: Losses | null): RedundancyPlan {
  const lost = losses?.lostPermille ?? 0;
  const wanted = lost >= TWO_COPIES_PERMILLE ? 2 : lost >= ONE_COPY_PERMILLE ? 1 : 0;
  let copies = Math.min(wanted, limits.maxCopies, MAX_COPIES);
  while (copies > 0 && shareOf(limits, copies) < MIN_ENCODER_BITRATE) copies -= 1;
  if (copies === 0 || losses === null) return { copies: 0, spacing: 1, encoderBitrate: limits.bitrate };
  const spacing = spacingFor(limits, losses, copies);
  return { copies, spacing, encoderBitrate: shareOf(limits, copies) };
}

/** What is left for each frame, in bit/s, when it goes out `copies` times more, each with its header. */
function shareOf({ bitrate, frameSamples }: RedundancyLimits, copies: number): number {
  const framesPerSecond = TIMESTAMP_HZ / frameSamples;
  const headers = copies * COPY_HEADER_BYTES * 8 * framesPerSecond;
  return Math.floor((bitrate - headers) / (copies + 1));
}

/** Bursts take neighbours: then a copy had better travel further away, as far as delay allows. */
function spacingFor({ frameSamples }: RedundancyLimits, losses: Losses, copies: number): number {
  const byChanceTenths = 10_000 / (1_000 - Math.min(losses.lostPermille, 900));
  if (losses.burstTenths < BURST_FACTOR * byChanceTenths) return 1;
  const frameMs = (frameSamples * 1_000) / TIMESTAMP_HZ;
  const most = Math.max(1, Math.floor(MAX_SPREAD_MS / frameMs / copies));
  return Math.min(most, MAX_COPY_SPACING, Math.round(losses.burstTenths / 10));
}
