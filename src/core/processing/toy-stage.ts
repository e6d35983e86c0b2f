import type { EchoStage, SuppressionStage } from './processing-stage.ts';

/** A stage for tests: delays, writes down that it ran, and fails in the way it is told to. */
export class ToyStage implements EchoStage, SuppressionStage {
  readonly delaySamples: number;
  readonly voiceProbability: number | null;
  /** First sample of each block of reference. */
  readonly references: number[] = [];
  fails: 'not' | 'throws' | 'damages' = 'not';
  blocks = 0;
  resets = 0;
  readonly #name: string;
  readonly #ran: string[];
  readonly #line: Float32Array;
  #at = 0;

  constructor(name: string, delaySamples: number, ran: string[], voiceProbability: number | null = null) {
    this.#name = name;
    this.delaySamples = delaySamples;
    this.voiceProbability = voiceProbability;
    this.#ran = ran;
    this.#line = new Float32Array(Math.max(1, delaySamples));
  }

  process(block: Float32Array): void {
    this.#ran.push(this.#name);
    this.blocks += 1;
    if (this.fails === 'throws') throw new Error('broken');
    if (this.fails === 'damages') block[7] = Number.NaN;
    if (this.fails !== 'not' || this.delaySamples === 0) return;
    for (let index = 0; index < block.length; index += 1) {
      const delayed = this.#line[this.#at] ?? 0;
      this.#line[this.#at] = block[index] ?? 0;
      this.#at = (this.#at + 1) % this.#line.length;
      block[index] = delayed;
    }
  }

  handleReference(block: Float32Array): void {
    this.references.push(block[0] ?? 0);
  }

  reset(): void {
    this.resets += 1;
    this.#line.fill(0);
  }
}
