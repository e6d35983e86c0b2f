import { z } from 'zod';
import { u32Schema } from './fields.ts';

/** Voices in one report: more than talk at once in any conversation. */
export const MAX_HEARING_REPORTS = 16;

/** Between two reports of one member, in ms: fast enough for a network that turns bad, too slow to be a load. */
export const HEARING_INTERVAL_MS = 2_000;

/** Longest mean burst that is told, in tenths of packets. */
export const MAX_BURST_TENTHS = 1_000;

const lostPermille = z.number().int().min(0).max(1_000);
const burstTenths = z.number().int().min(10).max(MAX_BURST_TENTHS);

/** How much of somebody's voice did not arrive in time here, lately: thousandths of packets, and mean length of a loss in tenths. */
export const hearingReportSchema = z.strictObject({ from: u32Schema, lostPermille, burstTenths });
export type HearingReport = z.infer<typeof hearingReportSchema>;

/** Client to relay: what is lost of the voices in our channel. At most one each HEARING_INTERVAL_MS. */
export const hearingMessageSchema = z.strictObject({
  type: z.literal('hearing'),
  reports: z.array(hearingReportSchema).min(1).max(MAX_HEARING_REPORTS),
});

/** Relay to client: what is lost of our voice, as those in our channel report it. */
export const heardMessageSchema = z.strictObject({ type: z.literal('heard'), lostPermille, burstTenths });
