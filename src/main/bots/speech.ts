import { assert } from '../../core/base/assert.ts';

/** Longest speech that is encoded, in samples at 48 kHz: one minute; after that it begins anew. */
export const MAX_SPEECH_SAMPLES = 60 * 48_000;

export interface SpeechEncoder {
  /** @returns one Opus packet, the caller's own */
  encode(samples: Float32Array): Uint8Array;
}

/**
 * Encodes speech once for all bots; each begins at another place of it. What is left over at the end and fills no
 * frame is left out.
 *
 * @param samples mono, 48 kHz, one frame at least
 */
export function encodeSpeech(
  samples: Float32Array,
  frameSamples: number,
  encoder: SpeechEncoder,
): Uint8Array[] {
  const packets: Uint8Array[] = [];
  const end = Math.min(samples.length, MAX_SPEECH_SAMPLES);
  for (let at = 0; at + frameSamples <= end; at += frameSamples)
    packets.push(encoder.encode(samples.subarray(at, at + frameSamples)));
  assert(packets.length > 0, 'one frame of speech at least');
  return packets;
}
