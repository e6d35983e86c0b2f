/** Weight of the old level out of 256, by target: a long buffer is watched more patiently. */
const FACTORS: readonly (readonly [targetMs: number, factor: number])[] = [
  [20, 251],
  [60, 252],
  [140, 253],
  [Number.POSITIVE_INFINITY, 254],
];

/** Smoothed span of the packet buffer, in samples; what time stretching adds or takes moves it at once. */
export class BufferLevelFilter {
  #factor = 253;
  /** In 1/256 samples, as NetEQ counts. */
  #level256 = 0;

  get levelSamples(): number {
    return Math.floor(this.#level256 / 256);
  }

  setTargetMs(targetMs: number): void {
    this.#factor = FACTORS.find(([limitMs]) => targetMs <= limitMs)?.[1] ?? this.#factor;
  }

  /** @param stretchedSamples taken out by stretching since the last update; negative when put in */
  update(spanSamples: number, stretchedSamples: number): void {
    const smoothed = Math.floor((this.#factor * this.#level256) / 256) + (256 - this.#factor) * spanSamples;
    this.#level256 = Math.max(0, smoothed - stretchedSamples * 256);
  }

  setLevel(spanSamples: number): void {
    this.#level256 = spanSamples * 256;
  }

  reset(): void {
    this.#level256 = 0;
    this.#factor = 253;
  }
}
