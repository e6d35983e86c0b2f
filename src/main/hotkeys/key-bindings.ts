import type { Binding } from '../../contract/dto.ts';
import { type HotkeyCommand, sameTrigger, type Trigger } from './hotkey-protocol.ts';

/** libuiohook's code of Escape: gives up choosing a key. */
const ESCAPE_CODE = 1;

/** The left mouse button works the window; as a talk key it would be pressed all day. */
const LEFT_BUTTON = 1;

/** Keys bound at a time: talking, replying, and one for each of 16 whispers leave room for as many again. */
export const MAX_BINDINGS = 32;

export interface KeyBindingsOptions {
  readonly onDidChange: (name: string, held: boolean) => void;
  /** The person chose a key for `name`, or gave up (null). */
  readonly onDidCapture: (name: string, binding: Binding | null) => void;
}

interface Bound {
  readonly trigger: Trigger;
  held: boolean;
}

/**
 * What the bound keys mean, by name: pressed is held, and anything that may be a release lets go. A release is the
 * key's own, a hook that died, another binding, or a choice of a new key (which lets go of all: the next key pressed
 * means something else). One key may be bound under several names.
 */
export class KeyBindings {
  readonly #options: KeyBindingsOptions;
  readonly #bound = new Map<string, Bound>();
  /** The name a key is being chosen for. */
  #capturing: string | null = null;
  #order: (command: HotkeyCommand) => void = () => undefined;

  constructor(options: KeyBindingsOptions) {
    this.#options = options;
  }

  isHeld(name: string): boolean {
    return this.#bound.get(name)?.held === true;
  }

  /** A hook came up: from now on it hears what it shall pass on. */
  handleHookReady(order: (command: HotkeyCommand) => void): void {
    this.#order = order;
    this.#orderWatch();
    if (this.#capturing !== null) order({ kind: 'capture', capturing: true });
  }

  /** The hook is gone; keys that were held are held no longer, whatever the fingers do. */
  handleHookLost(): void {
    this.#order = () => undefined;
    this.#releaseAll();
  }

  /**
   * Binds a key to `name`, in the place of any other; null: none.
   *
   * @returns false when MAX_BINDINGS other names have one; nothing is bound to `name` then
   */
  setBinding(name: string, binding: Binding | null): boolean {
    this.#release(name);
    if (this.#capturing === name) this.cancelCapture();
    this.#bound.delete(name);
    const fits = binding === null || this.#bound.size < MAX_BINDINGS;
    if (binding !== null && fits) {
      const { device, code } = binding;
      this.#bound.set(name, { trigger: { device, code }, held: false });
    }
    this.#orderWatch();
    return fits;
  }

  /** The next key or button pressed is for `name`, and for no other name that one was awaited for. */
  startCapture(name: string): void {
    this.#releaseAll();
    if (this.#capturing === null) this.#order({ kind: 'capture', capturing: true });
    this.#capturing = name;
  }

  cancelCapture(): void {
    if (this.#capturing === null) return;
    this.#capturing = null;
    this.#order({ kind: 'capture', capturing: false });
  }

  handleDown(trigger: Trigger, label: string): void {
    if (this.#capturing !== null) {
      this.#handleCaptured(this.#capturing, trigger, label);
      return;
    }
    for (const [name, bound] of [...this.#bound]) {
      // A held key repeats its press; only the first one means something.
      if (bound.held || !sameTrigger(bound.trigger, trigger)) continue;
      bound.held = true;
      this.#options.onDidChange(name, true);
    }
  }

  handleUp(trigger: Trigger): void {
    for (const [name, bound] of [...this.#bound]) {
      if (sameTrigger(bound.trigger, trigger)) this.#release(name);
    }
  }

  #handleCaptured(name: string, trigger: Trigger, label: string): void {
    if (trigger.device === 'mouse' && trigger.code === LEFT_BUTTON) return;
    this.cancelCapture();
    const gaveUp = trigger.device === 'keyboard' && trigger.code === ESCAPE_CODE;
    this.#options.onDidCapture(name, gaveUp ? null : { ...trigger, label });
  }

  #releaseAll(): void {
    for (const name of [...this.#bound.keys()]) this.#release(name);
  }

  #release(name: string): void {
    const bound = this.#bound.get(name);
    if (bound === undefined || !bound.held) return;
    bound.held = false;
    this.#options.onDidChange(name, false);
  }

  #orderWatch(): void {
    const triggers: Trigger[] = [];
    for (const { trigger } of this.#bound.values()) {
      if (!triggers.some((other) => sameTrigger(other, trigger))) triggers.push(trigger);
    }
    this.#order({ kind: 'watch', triggers });
  }
}
