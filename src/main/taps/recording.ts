import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TapFile } from './tap-file.ts';
import {
  MAX_RECORDING_BYTES,
  MAX_RECORDING_SECONDS,
  MAX_TAP_FILES,
  MIN_FREE_BYTES,
  type TapWriterData,
} from './tap-protocol.ts';

const SAMPLES_PER_SECOND = 48_000;
const BYTES_PER_SAMPLE = 2;

/** Threads that have not opened their taps by then are not waited for, in ms: they are away, and come later or never. */
const OPENING_MS = 1_000;

/** Sound goes to the disk twice a second: a crash costs that and what the rings hold. */
const FLUSH_INTERVAL_MS = 500;

export interface RecordingOptions extends TapWriterData {
  /** Room left on the disk, in bytes. */
  readonly freeBytes: () => number;
  /** For the description beside the files. */
  readonly startedAt: string;
}

interface Track {
  readonly file: TapFile;
  /** A voice: of its ring's first sample in the stream of the mix. Null: its stream has a moment of its own. */
  readonly startSample: number | null;
  /** A voice: where that is in the recording; null: not known yet. A thread that takes over opens other voices. */
  beginSample: number | null;
}

/**
 * The files of one recording: raw microphone, processed microphone, what is played, and each voice in it. The same
 * sample of each is the same moment.
 *
 * Ends by itself, with a sentence, when it grows too long or the disk too full, or refuses.
 */
export class Recording {
  readonly #options: RecordingOptions;
  readonly #tracks: Track[] = [];
  readonly #microphone: readonly TapFile[];
  readonly #mix: TapFile;
  /** Moment of everybody's first sample; null: not known yet. */
  #origin: number | null = null;
  #firstTickMs: number | null = null;
  #flushedMs = 0;
  #problem = '';
  #refusedSpeakers = 0;

  /** @throws Error when a file cannot be created */
  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#microphone = [
      this.#add('raw_mic.wav', options.raw, null),
      this.#add('post_dsp.wav', options.processed, null),
    ];
    this.#mix = this.#add('post_opus_decode.wav', options.mix, null);
    this.#describe(false);
  }

  get seconds(): number {
    return this.#longestSamples() / SAMPLES_PER_SECOND;
  }

  /** Why no more is written, for a person; empty while all is well. */
  get problem(): string {
    return this.#problem;
  }

  /**
   * A voice is heard for the first time.
   *
   * @param startSample of its ring's first sample in the stream of the mix
   */
  addSpeaker(fileName: string, memory: SharedArrayBuffer, startSample: number): void {
    if (this.#tracks.length >= MAX_TAP_FILES) {
      this.#refusedSpeakers += 1;
      return;
    }
    this.#guard(() => {
      this.#add(fileName, memory, startSample);
      this.#describe(false);
    });
  }

  /** Writes what has come. Call it several times a second. */
  tick(nowMs: number): void {
    if (this.#problem !== '') return;
    this.#firstTickMs ??= nowMs;
    this.#origin ??= this.#findOrigin(nowMs - this.#firstTickMs);
    if (this.#origin === null) return;
    this.#guard(() => {
      for (const track of this.#tracks) {
        const begin = this.#beginOf(track);
        if (begin !== null) track.file.drain(begin);
      }
      if (nowMs - this.#flushedMs < FLUSH_INTERVAL_MS) return;
      this.#flushedMs = nowMs;
      for (const { file } of this.#tracks) file.flush();
      this.#checkLimits();
    });
  }

  /** Writes the rest, makes all files equally long, and closes them. */
  close(nowMs: number): void {
    this.tick(nowMs);
    const longest = this.#longestSamples();
    for (const { file } of this.#tracks) {
      if (this.#problem === '') this.#guard(() => file.fillUpTo(longest));
      this.#guard(() => file.close());
    }
    this.#guard(() => this.#describe(true));
  }

  #add(name: string, memory: SharedArrayBuffer, startSample: number | null): TapFile {
    const file = new TapFile(join(this.#options.folder, name), name, memory);
    this.#tracks.push({ file, startSample, beginSample: null });
    return file;
  }

  /** The first of the three to be opened is the beginning; all are waited for a while. */
  #findOrigin(waitedMs: number): number | null {
    const all = [...this.#microphone, this.#mix].map(({ moment }) => moment);
    const moments = all.filter((moment) => moment !== null);
    const [first] = moments;
    if (first === undefined || (moments.length < all.length && waitedMs < OPENING_MS)) return null;
    return moments.reduce((earliest, moment) => (((moment - earliest) | 0) < 0 ? moment : earliest), first);
  }

  /** Where in the recording the stream of a track begins; null: not opened yet. */
  #beginOf(track: Track): number | null {
    if (track.startSample === null) return this.#openedAt(track.file);
    const mixBegin = this.#openedAt(this.#mix);
    if (mixBegin !== null) track.beginSample ??= mixBegin + track.startSample;
    return track.beginSample;
  }

  #openedAt({ moment }: TapFile): number | null {
    return moment === null || this.#origin === null ? null : Math.max(0, (moment - this.#origin) | 0);
  }

  #longestSamples(): number {
    return Math.max(...this.#tracks.map(({ file }) => file.samples));
  }

  #checkLimits(): void {
    const bytes = this.#tracks.reduce((sum, { file }) => sum + file.samples * BYTES_PER_SAMPLE, 0);
    if (this.seconds >= MAX_RECORDING_SECONDS) {
      this.#problem = `The recording was ended after ${MAX_RECORDING_SECONDS / 60} minutes.`;
    } else if (bytes >= MAX_RECORDING_BYTES) {
      this.#problem = 'The recording was ended because its files had grown too large.';
    } else if (this.#options.freeBytes() < MIN_FREE_BYTES) {
      this.#problem = 'The recording was ended because the disk is almost full.';
    }
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (this.#problem === '')
        this.#problem = `The recording was ended because it cannot be written (${why}).`;
    }
  }

  /** Says what the files are, beside them. */
  #describe(complete: boolean): void {
    const description = {
      startedAt: this.#options.startedAt,
      sampleRateHz: SAMPLES_PER_SECOND,
      alignment:
        'The same sample number is the same moment in all files, to about 10 ms between microphone and playback. ' +
        'The delay of the processing is taken out of post_dsp.wav. What was not recorded is silence.',
      complete,
      problem: this.#problem,
      refusedSpeakers: this.#refusedSpeakers,
      files: this.#tracks.map(({ file }) => ({
        name: file.name,
        samples: file.samples,
        silenceFilledInSamples: file.filledSamples,
      })),
    };
    const path = join(this.#options.folder, 'recording.json');
    writeFileSync(path, `${JSON.stringify(description, null, 2)}\n`, { mode: 0o600 });
  }
}
