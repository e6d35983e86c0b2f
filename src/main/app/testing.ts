import type { Outcome } from '../../contract/ipc.ts';
import type { ChaosSettings, Testing as TestingState } from '../../contract/testing.ts';
import { CHAOS_OFF, isOff } from '../../core/chaos/chaos-settings.ts';
import { parseTrace } from '../../core/chaos/trace-document.ts';
import type { TapsPort, VoicePort } from './ports.ts';
import { DONE, refuse } from './typed.ts';

/** Until somebody asks for another chance. */
const FIRST_SEED = 1;

export interface TestingOptions {
  readonly voice: Pick<VoicePort, 'setChaos' | 'startTrace' | 'stopTrace' | 'replayTrace' | 'setTaps'>;
  readonly onDidChange: () => void;
}

/** What the tab "Testing & Debugging" does: chaos, traces, recordings. Nothing of it outlives the program. */
export class Testing {
  readonly #options: TestingOptions;
  #taps: TapsPort | null = null;
  #chaos: ChaosSettings = CHAOS_OFF;
  #seed = FIRST_SEED;
  #phase: TestingState['trace']['phase'] = 'off';
  #trace: { readonly text: string; readonly packets: number } | null = null;
  #replayedPackets = 0;

  constructor(options: TestingOptions) {
    this.#options = options;
  }

  attachTaps(taps: TapsPort): void {
    this.#taps = taps;
  }

  setChaos(settings: ChaosSettings, seed: number | null): void {
    this.#chaos = settings;
    this.#seed = seed ?? this.#seed;
    this.#options.voice.setChaos(settings, this.#seed);
    this.#options.onDidChange();
  }

  startTrace(): void {
    this.#trace = null;
    this.#phase = 'recording';
    this.#options.voice.replayTrace(null);
    this.#options.voice.startTrace();
    this.#options.onDidChange();
  }

  stopTrace(): void {
    if (this.#phase === 'recording') this.#options.voice.stopTrace();
  }

  /** The voice thread hands over what it recorded. */
  handleTrace(text: string, packets: number): void {
    this.#trace = { text, packets };
    if (this.#phase === 'recording') this.#phase = 'recorded';
    this.#options.onDidChange();
  }

  /** The voice thread died, and with it what it recorded and replayed. */
  handleVoiceCrash(): void {
    if (this.#phase === 'recording') this.#phase = 'off';
    this.#options.onDidChange();
  }

  exportTrace(): { ok: true; text: string } | { ok: false; sentence: string } {
    return this.#trace === null
      ? refuse('Nothing has been recorded yet.')
      : { ok: true, text: this.#trace.text };
  }

  /** @param text null: packets go their own ways again */
  replayTrace(text: string | null): Outcome {
    if (text === null) {
      this.#phase = this.#trace === null ? 'off' : 'recorded';
    } else {
      const parsed = parseTrace(text);
      if (!parsed.ok) return refuse(parsed.sentence);
      this.#replayedPackets = parsed.trace.length;
      this.#phase = 'replaying';
    }
    this.#options.voice.replayTrace(text);
    this.#options.onDidChange();
    return DONE;
  }

  async setTaps(on: boolean): Promise<Outcome> {
    const taps = this.#taps;
    if (taps === null) return refuse('Recording is not possible here.');
    if (on === taps.state.recording) return DONE;
    if (on) {
      const memories = taps.start();
      if (memories === null)
        return refuse(taps.state.problem || 'The last recording is still being written.');
      this.#options.voice.setTaps(memories);
    } else {
      this.#options.voice.setTaps(null);
      await taps.stop();
    }
    this.#options.onDidChange();
    return DONE;
  }

  /** A recording went on, or ended by itself. */
  handleTaps(): void {
    if (this.#taps?.state.recording === false) this.#options.voice.setTaps(null);
    this.#options.onDidChange();
  }

  /** @param name of the person, for the file */
  handleTapOpened(token: number, memory: SharedArrayBuffer, startSample: number, name: string): void {
    this.#taps?.addSpeaker(token, memory, startSample, name);
  }

  describe(): TestingState {
    const packets = this.#phase === 'replaying' ? this.#replayedPackets : (this.#trace?.packets ?? 0);
    return {
      chaos: this.#chaos,
      chaosOn: !isOff(this.#chaos),
      seed: this.#seed,
      trace: { phase: this.#phase, packets },
      taps: this.#taps?.state ?? { recording: false, folder: '', seconds: 0, problem: '' },
    };
  }
}
