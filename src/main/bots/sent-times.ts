/**
 * Datagrams of one speaker whose sending time is kept. A power of two; 20 s at 50 a second: what arrives later than
 * that has no latency any more, it is lost.
 */
export const SENT_TIMES_KEPT = 1_024;

/** When each speaker's newest datagrams went out, by their sequence: the bots' datagrams are as long as anybody's. */
export class SentTimes {
  readonly #atMs: Float64Array;
  readonly #sequences: Float64Array;
  readonly #next: Float64Array;

  constructor(speakers: number) {
    this.#atMs = new Float64Array(speakers * SENT_TIMES_KEPT);
    this.#sequences = new Float64Array(speakers * SENT_TIMES_KEPT).fill(-1);
    this.#next = new Float64Array(speakers);
  }

  /** Sequences count up by one for each speaker, from 0 on. */
  record(speaker: number, sequence: number, atMs: number): void {
    const slot = speaker * SENT_TIMES_KEPT + (sequence % SENT_TIMES_KEPT);
    this.#atMs[slot] = atMs;
    this.#sequences[slot] = sequence;
    this.#next[speaker] = sequence + 1;
  }

  /** @returns -1 when it was never sent, or too long ago */
  atMs(speaker: number, sequence: number): number {
    const slot = speaker * SENT_TIMES_KEPT + (sequence % SENT_TIMES_KEPT);
    return this.#sequences[slot] === sequence ? (this.#atMs[slot] ?? -1) : -1;
  }

  /** How many a speaker has sent. */
  sent(speaker: number): number {
    return this.#next[speaker] ?? 0;
  }
}
