import { SampleRing } from '../../core/ring/sample-ring.ts';
import { tapMoment } from '../../core/voice/tap-ring.ts';
import { WaveWriter } from '../base/wave-writer.ts';

/** Taken out of a ring at a time. */
const CHUNK_SAMPLES = 4_800;

/** Gathered at most before it is written: half a second. */
const FLUSH_SAMPLES = 24_000;

const chunk = new Float32Array(CHUNK_SAMPLES);

/** One file of a recording, and the ring that its sound comes out of. */
export class TapFile {
  readonly name: string;
  readonly #ring: SampleRing;
  readonly #writer: WaveWriter;
  #beginSample = 0;
  /** Silence that stands for what was not recorded. */
  #filledSamples = 0;

  /** @throws Error when the file cannot be created */
  constructor(path: string, name: string, memory: SharedArrayBuffer) {
    this.name = name;
    this.#ring = new SampleRing(memory);
    this.#writer = new WaveWriter(path, FLUSH_SAMPLES);
  }

  /** See tapMoment. */
  get moment(): number | null {
    return tapMoment(this.#ring);
  }

  get samples(): number {
    return this.#writer.samples;
  }

  get filledSamples(): number {
    return this.#filledSamples;
  }

  /**
   * Writes what has come.
   *
   * @param beginSample where in the recording the ring's stream begins. Another than before: a thread took over, and
   * what lies between is silence
   * @throws Error when the disk refuses
   */
  drain(beginSample: number): void {
    if (beginSample !== this.#beginSample) {
      this.#beginSample = beginSample;
      this.fillUpTo(beginSample);
    }
    while (this.#ring.readable() > 0) {
      const count = this.#ring.pull(chunk, Math.min(CHUNK_SAMPLES, this.#ring.readable()));
      this.#writer.append(chunk, count);
    }
  }

  /** Makes it as long as the others. */
  fillUpTo(samples: number): void {
    const missing = samples - this.#writer.samples;
    if (missing <= 0) return;
    this.#writer.skip(missing);
    this.#filledSamples += missing;
  }

  flush(): void {
    this.#writer.flush();
  }

  close(): void {
    this.#writer.close();
  }
}
