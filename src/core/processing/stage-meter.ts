import { SILENCE_DB } from '../voice/level.ts';

/** Weight of a block in the mean level: 20 blocks, 200 ms, is what a meter shows without flicker. */
const LEVEL_WEIGHT = 1 / 20;

/** Weight of a block in the mean time: 100 blocks, a second. */
const TIME_WEIGHT = 1 / 100;

/** Power below which everything is SILENCE_DB. */
const SILENCE_POWER = 10 ** (SILENCE_DB / 10);

/** Mean power of a block; NaN or infinite when one of its samples is. */
export function meanPower(block: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < block.length; index += 1) {
    const sample = block[index] ?? 0;
    sum += sample * sample;
  }
  return sum / block.length;
}

/** Power as dBFS, SILENCE_DB at the least. */
export function powerDb(power: number): number {
  return 10 * Math.log10(Math.max(power, SILENCE_POWER));
}

/** Time and levels of one stage. */
export class StageMeter {
  meanUs = 0;
  #maxUs = 0;
  #inPower = 0;
  #outPower = 0;

  addTime(us: number): void {
    this.meanUs += (us - this.meanUs) * TIME_WEIGHT;
    if (us > this.#maxUs) this.#maxUs = us;
  }

  addLevels(inPower: number, outPower: number): void {
    this.#inPower += (inPower - this.#inPower) * LEVEL_WEIGHT;
    this.#outPower += (outPower - this.#outPower) * LEVEL_WEIGHT;
  }

  get inDb(): number {
    return powerDb(this.#inPower);
  }

  get outDb(): number {
    return powerDb(this.#outPower);
  }

  /** The longest time since the last call. */
  takeMaxUs(): number {
    const maxUs = this.#maxUs;
    this.#maxUs = 0;
    return maxUs;
  }

  /** The stage does not run: it takes no time, and changes nothing. */
  restTime(): void {
    this.meanUs = 0;
  }
}
