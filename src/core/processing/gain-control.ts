import type { ProcessingStage } from './processing-stage.ts';
import { meanPower, powerDb } from './stage-meter.ts';

/**
 * What a voice is brought to in the blocks that surely hold one, in dBFS: speech with peaks of half of full scale has
 * this level there (and 5 dB less with its pauses), so that somebody who is well set up is left alone.
 */
export const TARGET_LEVEL_DB = -17;

/** A whisperer at an arm's length needs this much; more would be the room's noise. In dB. */
export const MAX_GAIN_DB = 24;

/** Somebody with the microphone in the mouth. In dB. */
export const MIN_GAIN_DB = -12;

/** Noise between the words is not raised above this, however quiet the voice. In dBFS. */
export const MAX_NOISE_DB = -50;

/** The voice is this loud or louder, or the detector hears the room. In dBFS. */
const QUIETEST_VOICE_DB = -60;

/** Slow enough not to be heard as a change, fast enough for the second sentence. In dB per block of 10 ms. */
const RISE_DB_PER_BLOCK = 0.04;
const FALL_DB_PER_BLOCK = 0.1;

/** A block counts as voice, or as noise, when the detector is this sure. */
const VOICE_PROBABILITY = 0.8;
const NOISE_PROBABILITY = 0.2;

/** Blocks of voice that the level is the mean of: three seconds of speaking, a sentence or two. */
const LEVEL_BLOCKS = 300;

/** Voice that must have been heard before the gain moves: 300 ms, more than a cough. */
const FIRST_BLOCKS = 30;

/**
 * Weights of a block of noise that is louder, or quieter, than the noise known: consonants are taken for noise now and
 * then, and must not be learnt as such.
 */
const LOUDER_NOISE_WEIGHT = 1 / 500;
const QUIETER_NOISE_WEIGHT = 1 / 20;

/** Changes smaller than this are not worth making, in dB. */
const DEADBAND_DB = 1;

/**
 * Brings a voice to one loudness, slowly, and only while it speaks: in a pause the gain stays, so that the room is
 * not turned up. Starts at no gain at all.
 *
 * `WebRTC`'s own control was tried first: it starts every microphone 15 dB up, and raises the silence before the
 * first word by as much.
 */
export class GainControl implements ProcessingStage {
  readonly delaySamples = 0;
  #voiceProbability: number | null = null;
  #gainDb = 0;
  #gain = 1;
  #voicePower = 0;
  #voiceBlocks = 0;
  #noisePower = 0;
  #knowsNoise = false;

  /** The gain now, in dB. */
  get gainDb(): number {
    return this.#gainDb;
  }

  /** How likely the next block holds a voice, 0 to 1; null when nothing can tell: then the gain stays. */
  set voiceProbability(probability: number | null) {
    this.#voiceProbability = probability;
  }

  process(block: Float32Array): void {
    this.#observe(block);
    const from = this.#gain;
    this.#gain = 10 ** (this.#gainDb / 20);
    const step = (this.#gain - from) / block.length;
    for (let index = 0; index < block.length; index += 1)
      block[index] = (block[index] ?? 0) * (from + step * (index + 1));
  }

  reset(): void {
    this.#gainDb = 0;
    this.#gain = 1;
    this.#voiceBlocks = 0;
    this.#knowsNoise = false;
  }

  #observe(block: Float32Array): void {
    const probability = this.#voiceProbability;
    if (probability === null) return;
    const power = meanPower(block);
    if (probability <= NOISE_PROBABILITY) {
      const weight = power > this.#noisePower ? LOUDER_NOISE_WEIGHT : QUIETER_NOISE_WEIGHT;
      this.#noisePower = this.#knowsNoise ? this.#noisePower + (power - this.#noisePower) * weight : power;
      this.#knowsNoise = true;
    }
    if (probability < VOICE_PROBABILITY || powerDb(power) < QUIETEST_VOICE_DB) return;
    this.#voiceBlocks += 1;
    this.#voicePower += (power - this.#voicePower) / Math.min(this.#voiceBlocks, LEVEL_BLOCKS);
    if (this.#voiceBlocks >= FIRST_BLOCKS) this.#move();
  }

  #move(): void {
    const difference = this.#wantedGainDb() - this.#gainDb;
    if (Math.abs(difference) < DEADBAND_DB) return;
    this.#gainDb += Math.max(-FALL_DB_PER_BLOCK, Math.min(RISE_DB_PER_BLOCK, difference));
  }

  #wantedGainDb(): number {
    const wanted = TARGET_LEVEL_DB - powerDb(this.#voicePower);
    const noiseRoomDb = this.#knowsNoise ? MAX_NOISE_DB - powerDb(this.#noisePower) : MAX_GAIN_DB;
    // Noise forbids to raise the voice, it is no reason to make it quieter.
    const allowed = Math.max(0, Math.min(MAX_GAIN_DB, noiseRoomDb));
    return Math.max(MIN_GAIN_DB, Math.min(wanted, allowed));
  }
}
