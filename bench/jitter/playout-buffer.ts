/** A packet as it reaches a buffer. */
export interface Arrival {
  /** Its place in the trace: also says which speech it holds. */
  readonly frame: number;
  readonly sequence: number;
  /** 48 kHz samples since the start. */
  readonly timestamp: number;
  /** Ends its talkspurt. */
  readonly last: boolean;
  readonly arrivalMs: number;
}

/** What a buffer says of itself. */
export interface BufferAccount {
  /** Samples put in or taken out by time stretching; null where it does not say. */
  readonly stretchedSamples: number | null;
  /** Samples it calls invented; null where it does not say. */
  readonly concealedSamples: number | null;
}

/** A jitter buffer under test, fed and pulled in virtual time. */
export interface PlayoutBuffer {
  handlePacket(arrival: Arrival): void;
  /**
   * Writes the next samples into `out`.
   *
   * @returns how much of each is real, 0 to 1; null to go by the marks in the sound
   */
  pull(out: Float32Array, nowMs: number): Float32Array | null;
  account(): BufferAccount;
}

/** Gives a buffer the sound of a frame and takes note of the moment. */
export interface FrameSource {
  decode(frame: number, into: Float32Array): void;
  /** Speech as a decoder may invent it after that frame. */
  conceal(after: number, into: Float32Array): void;
}
