import type { VoicePort } from './ports.ts';

/** How often the sound threads report while somebody looks, in ms: the overlay asks as often. */
export const WATCHED_INTERVAL_MS = 400;

/** And while nobody does. */
export const UNWATCHED_INTERVAL_MS = 1_000;

/** Whoever has not asked for this long, in ms, has stopped looking. */
export const WATCH_ENDS_MS = 2_000;

/** Has the sound threads report often while, and only while, somebody asks for their figures. */
export class DiagnosticsWatch {
  readonly #voice: Pick<VoicePort, 'setReportInterval'>;
  #timer: NodeJS.Timeout | null = null;

  constructor(voice: Pick<VoicePort, 'setReportInterval'>) {
    this.#voice = voice;
  }

  handleAsked(): void {
    if (this.#timer !== null) {
      this.#timer.refresh();
      return;
    }
    this.#voice.setReportInterval(WATCHED_INTERVAL_MS);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#voice.setReportInterval(UNWATCHED_INTERVAL_MS);
    }, WATCH_ENDS_MS);
    this.#timer.unref();
  }
}
