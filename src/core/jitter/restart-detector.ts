/** Packets in a row that agree with each other before a sender counts as started anew: 100 ms of 20 ms frames. */
export const RESTART_PACKETS = 5;

/**
 * Recognises a sender that has started anew among packets that do not fit the stream.
 *
 * Packets outside the window are dropped, but RESTART_PACKETS of them whose sequences rise and whose timestamps
 * rise with them are a stream of their own. A packet that fits the old stream puts an end to the suspicion, so
 * that a replayed recording cannot push a living sender aside.
 */
export class RestartDetector {
  private readonly frameSamples: number;
  private readonly maxGapPackets: number;
  private agreeing = 0;
  private sequence = 0;
  private timestamp = 0;

  constructor(frameSamples: number, maxGapPackets: number) {
    this.frameSamples = frameSamples;
    this.maxGapPackets = maxGapPackets;
  }

  /** Takes note of a packet that does not fit. @returns true when a new stream has begun */
  observe(sequence: number, timestamp: number): boolean {
    const packets = sequence - this.sequence;
    const samples = (timestamp - this.timestamp) | 0;
    const follows = packets >= 1 && packets <= this.maxGapPackets && samples >= packets * this.frameSamples;
    this.agreeing = this.agreeing > 0 && follows ? this.agreeing + 1 : 1;
    this.sequence = sequence;
    this.timestamp = timestamp;
    if (this.agreeing < RESTART_PACKETS) return false;
    this.agreeing = 0;
    return true;
  }

  /** A packet fitted. */
  forget(): void {
    this.agreeing = 0;
  }
}
