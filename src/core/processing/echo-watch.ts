import { powerDb } from './stage-meter.ts';

/** Quieter than this the loudspeaker plays nothing that a microphone could hear: -80 dBFS, as power. */
const QUIET_POWER = 1e-8;

/** After so many quiet blocks the room has fallen silent too: a second, device delay and reverberation included. */
const QUIET_BLOCKS = 100;

/** Echo is measured until so many blocks after the last that was played: 300 ms. */
const ECHO_BLOCKS = 30;

/** Weight of a block in the means: 100 blocks, a second. */
const WEIGHT = 1 / 100;

/** Knows whether the loudspeaker plays, and by how much the echo of it is brought down. */
export class EchoWatch {
  #quietBlocks = QUIET_BLOCKS;
  #inPower = 0;
  #outPower = 0;

  /** Nothing is played, and nothing of it can be in the room any more. */
  get isQuiet(): boolean {
    return this.#quietBlocks >= QUIET_BLOCKS;
  }

  /**
   * Echo return loss enhancement of the last second in which something was played, in dB; null while nothing is.
   * Somebody who speaks at the microphone meanwhile makes it smaller than it is.
   */
  get erleDb(): number | null {
    if (this.#quietBlocks >= ECHO_BLOCKS || this.#inPower === 0) return null;
    return powerDb(this.#inPower) - powerDb(this.#outPower);
  }

  handleReference(power: number): void {
    // NaN is not quiet, and not played either: no device takes it.
    this.#quietBlocks = power > QUIET_POWER ? 0 : Math.min(this.#quietBlocks + 1, QUIET_BLOCKS);
  }

  handleCapture(inPower: number, outPower: number): void {
    if (this.#quietBlocks >= ECHO_BLOCKS) return;
    this.#inPower += (inPower - this.#inPower) * WEIGHT;
    this.#outPower += (outPower - this.#outPower) * WEIGHT;
  }

  reset(): void {
    this.#quietBlocks = QUIET_BLOCKS;
    this.#inPower = 0;
    this.#outPower = 0;
  }
}
