/** Longest way from the speaker's block to the microphone's, in blocks: half a second, Bluetooth included. */
const MAX_DELAY_BLOCKS = 50;

/** Powers are compared as means over so many blocks: 100 ms, longer than the gaps within a word. */
const MEAN_BLOCKS = 10;

/** Blocks in which the room falls silent after the last sound, delay and reverberation included. */
const QUIET_BLOCKS = 80;

/** The speaker sounds, or does not: -50 and -70 dBFS. */
const SOUNDING_POWER = 1e-5;
const QUIET_POWER = 1e-7;

/** Quieter than -90 dBFS is a microphone that is switched off: it proves nothing. */
const DEAD_POWER = 1e-9;

/** Echo this far below what is played is none: -40 dB. */
const NO_COUPLING = 1e-4;

/** Within 1 dB of the room's noise there is at most an echo 6 dB below it. */
const NOISE_MARGIN = 1.25;

/** A room louder than -55 dBFS hides an echo that others would hear. */
const MAX_NOISE_POWER = 3e-6;

/** What is played must be this much louder than the noise, or it says nothing: 20 dB. */
const SOUNDING_OVER_NOISE = 100;

/** The noise is known after so many blocks in which nothing was played: two seconds. */
const NOISE_BLOCKS = 200;

/** How fast a noise that has become louder is believed: 1 dB per second. */
const NOISE_RISE = 10 ** (1 / 10 / 100);

/** A proof holds for so many blocks in which something is played: three seconds, then headphones may be off. */
const PROOF_BLOCKS = 300;

/** Mean of the last MEAN_BLOCKS powers. */
class MovingMean {
  readonly #powers = new Float64Array(MEAN_BLOCKS);
  #at = 0;

  add(power: number): number {
    this.#powers[this.#at] = power;
    this.#at = (this.#at + 1) % MEAN_BLOCKS;
    let sum = 0;
    for (let index = 0; index < MEAN_BLOCKS; index += 1) sum += this.#powers[index] ?? 0;
    return sum / MEAN_BLOCKS;
  }

  clear(): void {
    this.#powers.fill(0);
  }
}

/**
 * Finds out that there is no echo: somebody wears headphones.
 *
 * Echo adds to what the microphone hears, so a microphone that hears next to nothing, while the speaker has been
 * sounding for longer than any device delays it, proves that there is none. That happens in every short pause of the
 * one who speaks. Without a proof there may be an echo.
 */
export class EchoPresence {
  readonly #playedMean = new MovingMean();
  readonly #heardMean = new MovingMean();
  /** Means of what was played, of the last MAX_DELAY_BLOCKS. */
  readonly #played = new Float64Array(MAX_DELAY_BLOCKS);
  #at = 0;
  #playedNow = 0;
  #quietBlocks = 0;
  #noisePower = Number.POSITIVE_INFINITY;
  #noiseBlocks = 0;
  #proofBlocks = 0;

  /** It has lately been proved that there is no echo. */
  get isAbsent(): boolean {
    return this.#proofBlocks > 0;
  }

  /** @param power of the block that the speaker plays next */
  handleReference(power: number): void {
    this.#playedNow = this.#playedMean.add(power);
    this.#played[this.#at] = this.#playedNow;
    this.#at = (this.#at + 1) % MAX_DELAY_BLOCKS;
    this.#quietBlocks = this.#playedNow < QUIET_POWER ? this.#quietBlocks + 1 : 0;
  }

  /** @param power of the block that the microphone heard, with the echo still in it */
  handleCapture(power: number): void {
    const heard = this.#heardMean.add(power);
    if (this.#quietBlocks >= QUIET_BLOCKS) this.#learnNoise(heard);
    if (this.#playedNow < SOUNDING_POWER) return;
    if (this.#proofBlocks > 0) this.#proofBlocks -= 1;
    if (heard > DEAD_POWER && this.#provesAbsence(heard)) this.#proofBlocks = PROOF_BLOCKS;
  }

  /** Another device, or another room. */
  reset(): void {
    this.#playedMean.clear();
    this.#heardMean.clear();
    this.#played.fill(0);
    this.#quietBlocks = 0;
    this.#noisePower = Number.POSITIVE_INFINITY;
    this.#noiseBlocks = 0;
    this.#proofBlocks = 0;
  }

  #learnNoise(heard: number): void {
    this.#noiseBlocks = Math.min(this.#noiseBlocks + 1, NOISE_BLOCKS);
    this.#noisePower = Math.min(this.#noisePower * NOISE_RISE, heard);
  }

  #provesAbsence(heard: number): boolean {
    let played = Number.POSITIVE_INFINITY;
    for (let index = 0; index < MAX_DELAY_BLOCKS; index += 1)
      played = Math.min(played, this.#played[index] ?? 0);
    if (played < SOUNDING_POWER) return false;
    if (heard < played * NO_COUPLING) return true;
    const noise = this.#noisePower;
    if (this.#noiseBlocks < NOISE_BLOCKS || noise > MAX_NOISE_POWER) return false;
    return heard < noise * NOISE_MARGIN && played > noise * SOUNDING_OVER_NOISE;
  }
}
