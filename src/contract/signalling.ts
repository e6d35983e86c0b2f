import { z } from 'zod';

/**
 * What a signalling relay says to a dashboard, as the page that looks at rooms needs it; the format is in
 * docs/gateways.md.
 */
export const roomSignalSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('welcome') }),
  z.object({ type: z.literal('offer'), sdp: z.string() }),
  z.object({
    type: z.literal('ice_candidate'),
    candidate: z.string(),
    sdp_mid: z.string().nullish(),
    sdp_mline_index: z.int().nullish(),
  }),
  z.object({ type: z.literal('error'), message: z.string() }),
]);
export type RoomSignal = z.infer<typeof roomSignalSchema>;
