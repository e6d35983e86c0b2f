/** Opus decoder of one speaker, as the engine needs it. */
export interface FrameDecoder {
  /** @returns samples written, 0 when the packet cannot be decoded */
  decode(packet: Uint8Array, into: Float32Array): number;
  /** Fills in for one lost frame. @returns samples written, 0 when nothing was decoded before */
  conceal(into: Float32Array): number;
}

/** Longest frame an Opus packet can hold: 120 ms (RFC 6716, section 2.1.4). */
export const MAX_FRAME_SAMPLES = 5_760;
