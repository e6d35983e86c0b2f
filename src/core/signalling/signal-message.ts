import { z } from 'zod';

/**
 * What rooms, dashboards and the relay between them say to each other: JSON texts, told apart by `type`, fields in
 * snake case. Who wrote one may leave out what it does not know, and may say more than we read.
 */

/** Longest message, in UTF-16 units: a browser's description with all its codecs has about 8,000. */
export const MAX_SIGNAL_LENGTH = 65_536;

/** Longest description within one; what surrounds it, and escaped line ends, need room too. */
const MAX_SDP_LENGTH = 49_152;

/** Longest candidate line, as long as one with an mDNS name and all extensions known is, several times over. */
const MAX_CANDIDATE_LENGTH = 1_024;

/** Longest name of a media section. */
const MAX_MID_LENGTH = 64;

/** Longest sentence of an error that is handed on. */
export const MAX_ERROR_LENGTH = 512;

const sdpSchema = z.string().min(1).max(MAX_SDP_LENGTH);

export const signalSchema = z.discriminatedUnion('type', [
  /** Dashboard to room: begin. */
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('offer'), sdp: sdpSchema }),
  z.object({ type: z.literal('answer'), sdp: sdpSchema }),
  z.object({
    type: z.literal('ice_candidate'),
    candidate: z.string().max(MAX_CANDIDATE_LENGTH),
    sdp_mid: z.string().max(MAX_MID_LENGTH).nullish(),
    sdp_mline_index: z.int().min(0).max(65_535).nullish(),
  }),
  z.object({ type: z.literal('error'), message: z.string().optional() }),
  /** Relay to either. */
  z.object({ type: z.literal('welcome') }),
]);
export type Signal = z.infer<typeof signalSchema>;

/** Why a text is no message. */
export type SignalRefusal = 'messageTooLong' | 'messageNotJson' | 'messageUnknown';

export type SignalReading =
  | { readonly ok: true; readonly signal: Signal }
  | { readonly ok: false; readonly reason: SignalRefusal };

/** Reads one message. What it does not know of one is left out of the result. */
export function readSignal(text: string): SignalReading {
  if (text.length > MAX_SIGNAL_LENGTH) return { ok: false, reason: 'messageTooLong' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'messageNotJson' };
  }
  const result = signalSchema.safeParse(json);
  if (!result.success) return { ok: false, reason: 'messageUnknown' };
  const signal = result.data;
  if (signal.type !== 'error') return { ok: true, signal };
  return { ok: true, signal: { type: 'error', message: (signal.message ?? '').slice(0, MAX_ERROR_LENGTH) } };
}

/** As it goes over the wire. */
export function writeSignal(signal: Signal): string {
  return JSON.stringify(signal);
}
