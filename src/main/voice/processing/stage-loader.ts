import type {
  LoadedStageName,
  LoadedStages,
  ProcessingChain,
  ProcessingSettings,
} from '../../../core/processing/processing-chain.ts';
import { loadStrongSuppression } from './gtcrn.ts';
import { loadLightSuppression, loadVoiceDetector } from './rnnoise.ts';
import { disposeEchoCancellation, loadEchoCancellation } from './webrtc-echo.ts';

const LOADERS: { readonly [Name in LoadedStageName]: () => Promise<LoadedStages[Name]> } = {
  echoCancellation: loadEchoCancellation,
  lightSuppression: loadLightSuppression,
  strongSuppression: loadStrongSuppression,
  voiceActivity: loadVoiceDetector,
};

/**
 * Hands the chain its settings, and the libraries they need as soon as these are loaded: one that is never switched on
 * costs no memory.
 */
export class StageLoader {
  readonly #chain: ProcessingChain;
  readonly #asked = new Set<LoadedStageName>();
  #loading: Promise<unknown> = Promise.resolve();

  constructor(chain: ProcessingChain) {
    this.#chain = chain;
  }

  /** Acts from the next block on; a library that was not needed before, once it is loaded. */
  setSettings(settings: ProcessingSettings): void {
    this.#chain.setSettings(settings);
    if (settings.echoCancellation) this.#load('echoCancellation');
    // Also where light suppression tells voices: it may fail.
    this.#load('voiceActivity');
    if (settings.noiseSuppression === 'light') this.#load('lightSuppression');
    if (settings.noiseSuppression === 'strong') this.#load('strongSuppression');
  }

  /** Resolves when everything asked for so far is loaded, or has failed. */
  async settled(): Promise<void> {
    await this.#loading;
  }

  /** A thread that ends by returning calls this; one that is terminated need not. */
  async dispose(): Promise<void> {
    await this.settled();
    await disposeEchoCancellation();
  }

  #load<Name extends LoadedStageName>(name: Name): void {
    if (this.#asked.has(name)) return;
    this.#asked.add(name);
    const loaded = LOADERS[name]().then(
      (stage) => this.#chain.provide(name, stage),
      () => this.#chain.provideNone(name),
    );
    this.#loading = Promise.all([this.#loading, loaded]);
  }
}
