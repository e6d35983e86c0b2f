/** Longest delay that chaos gives a datagram, and that a trace may hold, in ms: later, nobody waits for it. */
export const MAX_DELAY_MS = 5_000;

/** Datagrams in one trace: an hour of 20 ms frames. A recording then takes 4 MB. */
export const MAX_TRACE_DATAGRAMS = 180_000;

/** What a network did to one datagram after the other. */
export interface NetworkTrace {
  readonly length: number;
  /** One way, 0 to MAX_DELAY_MS; NaN: lost. */
  readonly delaysMs: Float32Array;
  /** Of the copy of a datagram that came twice; NaN: it did not. */
  readonly copyDelaysMs: Float32Array;
}

/** A trace with what is known of the datagrams themselves. */
export interface RecordedTrace extends NetworkTrace {
  /** When each was sent, in ms from the first one on. */
  readonly offsetsMs: Float64Array;
  /** Length of each, in bytes, rounded up (see SIZE_STEP_BYTES). */
  readonly sizesBytes: Uint16Array;
}

/**
 * Sizes are written down in steps of this, in bytes: the exact lengths of Opus packets of a variable bitrate give away
 * phrases that were spoken (C. V. Wright et al., "Spot me if you can", 2008).
 */
export const SIZE_STEP_BYTES = 32;

/** Writes down what becomes of datagrams, up to MAX_TRACE_DATAGRAMS; those after them are only counted. */
export class TraceRecorder {
  readonly #offsetsMs = new Float64Array(MAX_TRACE_DATAGRAMS);
  readonly #sizesBytes = new Uint16Array(MAX_TRACE_DATAGRAMS);
  readonly #delaysMs = new Float32Array(MAX_TRACE_DATAGRAMS);
  readonly #copyDelaysMs = new Float32Array(MAX_TRACE_DATAGRAMS);
  #length = 0;
  #firstMs = 0;
  #leftOut = 0;

  get length(): number {
    return this.#length;
  }

  /** Datagrams that found the recording full. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** @param delayMs, copyDelayMs as in NetworkTrace */
  add(nowMs: number, lengthBytes: number, delayMs: number, copyDelayMs: number): void {
    const at = this.#length;
    if (at === MAX_TRACE_DATAGRAMS) {
      this.#leftOut += 1;
      return;
    }
    if (at === 0) this.#firstMs = nowMs;
    this.#offsetsMs[at] = nowMs - this.#firstMs;
    this.#sizesBytes[at] = Math.ceil(lengthBytes / SIZE_STEP_BYTES) * SIZE_STEP_BYTES;
    this.#delaysMs[at] = delayMs;
    this.#copyDelaysMs[at] = copyDelayMs;
    this.#length = at + 1;
  }

  /** What was written down so far. It shares its memory with the recorder, which is done with it. */
  finish(): RecordedTrace {
    const length = this.#length;
    return {
      length,
      offsetsMs: this.#offsetsMs.subarray(0, length),
      sizesBytes: this.#sizesBytes.subarray(0, length),
      delaysMs: this.#delaysMs.subarray(0, length),
      copyDelaysMs: this.#copyDelaysMs.subarray(0, length),
    };
  }
}
