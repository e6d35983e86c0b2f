import type { Activation } from '../../contract/dto.ts';
import type { SettingsPort, VoicePort } from './ports.ts';

export interface TransmissionOptions {
  readonly voice: Pick<
    VoicePort,
    'setActivation' | 'setPushToTalk' | 'setMuted' | 'setDeafened' | 'setSelfTest'
  >;
  readonly settings: SettingsPort;
  readonly onDidChange: () => void;
}

/** Who opens the microphone: mode, key, button, mute. The key and the button are held independently of each other. */
export class Transmission {
  readonly #options: TransmissionOptions;
  #keyHeld = false;
  #buttonHeld = false;
  #muted = false;
  #deafened = false;
  #selfTest = false;
  /** The encoder says that sound goes out. */
  transmitting = false;

  constructor(options: TransmissionOptions) {
    this.#options = options;
    this.#applyActivation();
  }

  get muted(): boolean {
    return this.#muted;
  }

  get deafened(): boolean {
    return this.#deafened;
  }

  get selfTest(): boolean {
    return this.#selfTest;
  }

  setActivation(activation: Activation): void {
    this.#options.settings.update({ activation });
    this.#applyActivation();
  }

  setThreshold(gateThresholdDb: number): void {
    this.#options.settings.update({ gateThresholdDb });
    this.#applyActivation();
  }

  handleKey(held: boolean): void {
    this.#keyHeld = held;
    this.#applyPushToTalk();
  }

  setButton(held: boolean): void {
    this.#buttonHeld = held;
    this.#applyPushToTalk();
  }

  /** Nobody who listens while deaf wants to be heard: deafening mutes, and hearing again unmutes what it muted. */
  setDeafened(deafened: boolean): void {
    if (deafened === this.#deafened) return;
    this.setMuted(deafened);
    this.#deafened = deafened;
    this.#options.voice.setDeafened(deafened);
  }

  /** Whoever opens the microphone again wants to hear the answer too. */
  setMuted(muted: boolean): void {
    if (!muted && this.#deafened) {
      this.#deafened = false;
      this.#options.voice.setDeafened(false);
    }
    this.#muted = muted;
    this.#options.voice.setMuted(muted);
    this.#options.onDidChange();
  }

  setSelfTest(on: boolean): void {
    this.#selfTest = on;
    this.#options.voice.setSelfTest(on);
    this.#options.onDidChange();
  }

  #applyActivation(): void {
    const { activation, gateThresholdDb } = this.#options.settings.current;
    this.#options.voice.setActivation(activation, gateThresholdDb);
    this.#options.onDidChange();
  }

  #applyPushToTalk(): void {
    this.#options.voice.setPushToTalk(this.#keyHeld || this.#buttonHeld);
  }
}
