/** Losses of one speaker between two readings. */
export interface LossReport {
  /** Packets whose turn came. */
  expected: number;
  /** Of these, the ones whose primary was not there in its turn, recovered from a copy or not. */
  lost: number;
  /** Runs of lost packets that began: `lost / burstCount` is the mean length of a burst. */
  burstCount: number;
}

/** Counts what the network lost, for the reports that steer the sender's redundancy. */
export class LossWindow {
  private expected = 0;
  private lost = 0;
  private bursts = 0;
  private inBurst = false;
  private readonly report: LossReport = { expected: 0, lost: 0, burstCount: 0 };

  /** The turn of a packet came. @param arrived its primary was there */
  observe(arrived: boolean): void {
    if (arrived) {
      this.expected++;
      this.inBurst = false;
    } else {
      this.observeLost(1);
    }
  }

  /** The turn of `count` packets in a row passed without them. */
  observeLost(count: number): void {
    this.expected += count;
    this.lost += count;
    if (!this.inBurst) this.bursts++;
    this.inBurst = true;
  }

  /** Silence lies between the packets: what is lost after it is a burst of its own. */
  breakBurst(): void {
    this.inBurst = false;
  }

  /** Counts since the last reading. @returns an object that the next reading fills anew */
  take(): LossReport {
    this.report.expected = this.expected;
    this.report.lost = this.lost;
    this.report.burstCount = this.bursts;
    this.expected = 0;
    this.lost = 0;
    this.bursts = 0;
    // A burst that runs on is one of the next reading too, so that no reading has losses without a burst.
    this.inBurst = false;
    return this.report;
  }
}
