/** Samples of one second in every place and duration of a program: Opus counts at 48 kHz whatever it was fed. */
export const PROGRAM_RATE_HZ = 48_000;

/** Longest Opus packet, in samples at 48 kHz: 120 ms (RFC 6716, section 3.2). */
export const MAX_FRAME_SAMPLES = 5_760;

/**
 * Longest Opus packet that is taken, in bytes: three frames of 1275 bytes and their header hold 60 ms at the highest
 * bitrate (RFC 6716, section 3.4); real publishers stay below 1,500.
 */
export const MAX_FRAME_BYTES = 3_828;

/** One Opus packet of a program, with its place in time. Shared by everybody who reads it: never changed. */
export interface ProgramFrame {
  /** Counts up by one per frame over all broadcasts of a program, from 0. */
  readonly sequence: number;
  /**
   * Place of its first sample since the first frame of the program, in samples at 48 kHz. Without a hole within a
   * broadcast, but where the publisher itself lost sound.
   */
  readonly position: number;
  /** Duration, in samples at 48 kHz: 120 to MAX_FRAME_SAMPLES. */
  readonly samples: number;
  /** As the packet is coded. */
  readonly channels: 1 | 2;
  /** The Opus packet, byte for byte as it was published: 1 to MAX_FRAME_BYTES. */
  readonly payload: Uint8Array;
  /** When it came into the program, in ms of the engine clock. */
  readonly atMs: number;
}

/** A page of a publisher's own Ogg stream, byte for byte. */
export interface ProgramPage {
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** One H.264 access unit of a program. */
export interface AccessUnit {
  /** NAL units without start codes, in decoding order. */
  readonly units: readonly Uint8Array[];
  /** Presentation time since the broadcast began, in ticks of 90 kHz. */
  readonly ticks: number;
  /** A decoder can begin here. */
  readonly key: boolean;
  readonly atMs: number;
}
