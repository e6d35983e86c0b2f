import type { Binding } from '../../contract/dto.ts';
import type { HotkeyCommand, Trigger } from './hotkey-protocol.ts';

/** libuiohook's code of Escape: gives up choosing a key. */
const ESCAPE_CODE = 1;

/** The left mouse button works the window; as a talk key it would be pressed all day. */
const LEFT_BUTTON = 1;

export interface PushToTalkOptions {
  readonly onDidChange: (held: boolean) => void;
  /** The person chose a key, or gave up (null). */
  readonly onDidCapture: (binding: Binding | null) => void;
}

/**
 * What a talk key means: pressed opens, anything that may be a release closes. A release is the key's own, a hook
 * that died, another binding, or a choice of a new key.
 */
export class PushToTalk {
  readonly #options: PushToTalkOptions;
  #binding: Binding | null = null;
  #held = false;
  #capturing = false;
  #order: (command: HotkeyCommand) => void = () => undefined;

  constructor(options: PushToTalkOptions) {
    this.#options = options;
  }

  get held(): boolean {
    return this.#held;
  }

  /** A hook came up: from now on it hears what it shall pass on. */
  handleHookReady(order: (command: HotkeyCommand) => void): void {
    this.#order = order;
    this.#orderWatch();
    if (this.#capturing) order({ kind: 'capture', capturing: true });
  }

  /** The hook is gone; a key that was held is held no longer, whatever the finger does. */
  handleHookLost(): void {
    this.#order = () => undefined;
    this.#setHeld(false);
  }

  setBinding(binding: Binding | null): void {
    this.#setHeld(false);
    this.#setCapturing(false);
    this.#binding = binding;
    this.#orderWatch();
  }

  startCapture(): void {
    this.#setHeld(false);
    this.#setCapturing(true);
  }

  cancelCapture(): void {
    this.#setCapturing(false);
  }

  handleDown(trigger: Trigger, label: string): void {
    if (this.#capturing) {
      this.#handleCaptured(trigger, label);
      return;
    }
    // A held key repeats its press; only the first one means something, and setHeld knows.
    if (this.#matches(trigger)) this.#setHeld(true);
  }

  handleUp(trigger: Trigger): void {
    if (this.#matches(trigger)) this.#setHeld(false);
  }

  #handleCaptured(trigger: Trigger, label: string): void {
    if (trigger.device === 'mouse' && trigger.code === LEFT_BUTTON) return;
    this.#setCapturing(false);
    const gaveUp = trigger.device === 'keyboard' && trigger.code === ESCAPE_CODE;
    this.#options.onDidCapture(gaveUp ? null : { ...trigger, label });
  }

  #matches(trigger: Trigger): boolean {
    return this.#binding?.device === trigger.device && this.#binding.code === trigger.code;
  }

  #setHeld(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    this.#options.onDidChange(held);
  }

  #setCapturing(capturing: boolean): void {
    if (capturing === this.#capturing) return;
    this.#capturing = capturing;
    this.#order({ kind: 'capture', capturing });
  }

  #orderWatch(): void {
    const trigger =
      this.#binding === null ? null : { device: this.#binding.device, code: this.#binding.code };
    this.#order({ kind: 'watch', trigger });
  }
}
