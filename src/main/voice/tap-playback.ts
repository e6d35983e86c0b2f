import type { SampleRing } from '../../core/ring/sample-ring.ts';
import type { DecodedTap } from '../../core/voice/decoded-tap.ts';
import { SAMPLES_PER_MS } from '../../core/voice/sample-rate.ts';
import { DecodedTapRings } from './decoded-tap-rings.ts';
import type { VoiceEvent } from './voice-protocol.ts';

/** A device that asked for nothing for this long stood still, in ms. Recordings count the time as silence. */
const STANDSTILL_MS = 200;

export interface PlaybackTapsOptions {
  /** What the device pulls from. */
  readonly playback: SampleRing;
  /** See VoiceReceiver. */
  readonly setTap: (tap: DecodedTap | null) => void;
  readonly emit: (event: VoiceEvent) => void;
}

/** Recordings of what is played, in step with the microphone's: also where the device played without us, or not at all. */
export class PlaybackTaps {
  readonly #options: PlaybackTapsOptions;
  #rings: DecodedTapRings | null = null;
  #knownUnderrunSamples = 0;
  #mixedMs = 0;

  constructor(options: PlaybackTapsOptions) {
    this.#options = options;
  }

  get recording(): boolean {
    return this.#rings !== null;
  }

  /** @param wallMs now, on the system's clock; @param nowMs the same on the clock of `beforeMix` */
  record(mixMemory: SharedArrayBuffer | null, wallMs: number, nowMs: number): void {
    const { playback, setTap, emit } = this.#options;
    this.#knownUnderrunSamples = playback.underrunSamples;
    this.#mixedMs = nowMs;
    this.#rings =
      mixMemory === null
        ? null
        : new DecodedTapRings({
            mixMemory,
            nowMs: wallMs,
            onDidOpen: (token, memory, startSample) =>
              emit({ kind: 'tapOpened', token, memory, startSample }),
          });
    setTap(this.#rings);
  }

  /** The device asks for `count` samples. */
  beforeMix(count: number, nowMs: number): void {
    if (this.#rings === null) return;
    const underrunSamples = (this.#options.playback.underrunSamples - this.#knownUnderrunSamples) >>> 0;
    const stoodMs = nowMs - this.#mixedMs;
    this.#knownUnderrunSamples = this.#options.playback.underrunSamples;
    this.#mixedMs = nowMs;
    if (underrunSamples > 0) this.#rings.skip(underrunSamples);
    else if (stoodMs > STANDSTILL_MS) this.#rings.skip(Math.round(stoodMs * SAMPLES_PER_MS) - count);
  }

  /** See DecodedTapRings; nothing while nobody records. */
  counters(): Record<string, number> {
    return this.#rings === null ? {} : this.#rings.counters();
  }
}
