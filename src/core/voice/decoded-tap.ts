/** Who writes down what is heard. Called for every block that is mixed; what is lent is lent for the call. */
export interface DecodedTap {
  /** A block of `count` samples begins. */
  beginBlock(count: number): void;
  /**
   * One person's part of the block, whispers included, as loud as it goes into the mix: `count` samples from `offset`
   * on. Once for each person who has a decoder.
   */
  handleSpeaker(token: number, samples: Float32Array, offset: number, count: number): void;
  /** The whole block, as the device gets it. */
  handleMix(mix: Float32Array, count: number): void;
}
