import { SAMPLES_PER_MS } from './sample-rate.ts';

/** Frame length in ms by the configuration in a packet's first byte (RFC 6716, section 3.1, table 2). */
const SILK_MS = [10, 20, 40, 60];
const HYBRID_MS = [10, 20];
const CELT_MS = [2.5, 5, 10, 20];
const FIRST_HYBRID = 12;
const FIRST_CELT = 16;

/** Longest packet, in samples: 120 ms (RFC 6716, section 3.2.5). */
const MAX_PACKET_SAMPLES = 120 * SAMPLES_PER_MS;

function frameMs(configuration: number): number {
  if (configuration < FIRST_HYBRID) return SILK_MS[configuration & 3] ?? 0;
  if (configuration < FIRST_CELT) return HYBRID_MS[configuration & 1] ?? 0;
  return CELT_MS[configuration & 3] ?? 0;
}

/**
 * How much sound an Opus packet holds.
 *
 * @returns 48 kHz samples; 0 when it is no Opus packet
 */
export function opusPacketSamples(packet: Uint8Array): number {
  const [toc, count = 0] = packet;
  if (toc === undefined) return 0;
  const code = toc & 3;
  // Two frames for codes 1 and 2; for code 3 the lower six bits of the next byte count them.
  const frames = code === 0 ? 1 : code === 3 ? count & 63 : 2;
  const samples = frames * frameMs(toc >>> 3) * SAMPLES_PER_MS;
  return samples > MAX_PACKET_SAMPLES ? 0 : samples;
}
