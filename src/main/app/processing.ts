import type { AppState } from '../../contract/dto.ts';
import type { ProcessingProblem, ProcessingSettings, TalkTiming } from '../../contract/sound.ts';
import type { StageReport } from '../../core/processing/processing-chain.ts';
import type { SettingsPort, VoicePort } from './ports.ts';

export interface ProcessingOptions {
  readonly voice: Pick<VoicePort, 'setProcessing' | 'setTalkTiming'>;
  readonly settings: SettingsPort;
  readonly onDidChange: () => void;
}

/** What is done to the microphone's sound, when it opens and closes, and what of that does not work. */
export class Processing {
  readonly #options: ProcessingOptions;
  #reports: readonly StageReport[] = [];
  #problems: readonly ProcessingProblem[] = [];

  constructor(options: ProcessingOptions) {
    this.#options = options;
    this.#applySettings();
    this.#applyTiming();
  }

  /** Newest word of each stage. */
  get reports(): readonly StageReport[] {
    return this.#reports;
  }

  setSettings(processing: ProcessingSettings): void {
    this.#options.settings.update({ processing });
    this.#applySettings();
    this.#options.onDidChange();
  }

  setTiming(talkTiming: TalkTiming): void {
    this.#options.settings.update({ talkTiming });
    this.#applyTiming();
    this.#options.onDidChange();
  }

  handleReports(reports: readonly StageReport[]): void {
    this.#reports = reports;
    const problems = reports
      .filter(({ state }) => state === 'failed')
      .map(({ stage, sentence }) => ({ stage, sentence }));
    const same =
      problems.length === this.#problems.length &&
      problems.every(({ stage, sentence }, at) => {
        const known = this.#problems[at];
        return known?.stage === stage && known.sentence === sentence;
      });
    if (same) return;
    this.#problems = problems;
    this.#options.onDidChange();
  }

  describe(): Pick<AppState, 'processing' | 'processingProblems' | 'talkTiming'> {
    const { processing, talkTiming } = this.#options.settings.current;
    return { processing, processingProblems: [...this.#problems], talkTiming };
  }

  #applySettings(): void {
    this.#options.voice.setProcessing(this.#options.settings.current.processing);
  }

  #applyTiming(): void {
    const { releaseDelayMs, preRollMs } = this.#options.settings.current.talkTiming;
    this.#options.voice.setTalkTiming(releaseDelayMs, preRollMs);
  }
}
