import type { Binding } from '../../contract/dto.ts';
import type { KeysPort, SettingsPort } from './ports.ts';
import type { WhisperKeyName } from './whispers.ts';

/** What a global key does: talk, reply to a whisper, whisper to a list. */
export type KeyUse =
  | { readonly kind: 'pushToTalk' }
  | { readonly kind: 'whisper'; readonly key: WhisperKeyName };

const PUSH_TO_TALK = 'pushToTalk';
const REPLY = 'reply';
const LIST_PREFIX = 'whisper.';

export interface BindingsOptions {
  readonly settings: SettingsPort;
  readonly onDidChange: () => void;
}

function nameOf(use: KeyUse): string {
  if (use.kind === 'pushToTalk') return PUSH_TO_TALK;
  return use.key === 'reply' ? REPLY : `${LIST_PREFIX}${use.key}`;
}

/** @returns null for a name that is none of ours */
export function readKeyName(name: string): KeyUse | null {
  if (name === PUSH_TO_TALK) return { kind: 'pushToTalk' };
  if (name === REPLY) return { kind: 'whisper', key: 'reply' };
  const list = name.startsWith(LIST_PREFIX) ? name.slice(LIST_PREFIX.length) : '';
  return /^[0-9]{1,9}$/.test(list) ? { kind: 'whisper', key: Number(list) } : null;
}

/** Which global key does what, and the one being chosen. */
export class Bindings {
  readonly #options: BindingsOptions;
  #keys: KeysPort | null = null;
  #capturing: KeyUse | null = null;

  constructor(options: BindingsOptions) {
    this.#options = options;
  }

  /** The next key or button pressed gets this use; null: none is waited for. */
  get capturing(): KeyUse | null {
    return this.#capturing;
  }

  attach(keys: KeysPort): void {
    this.#keys = keys;
    const { pushToTalk, replyKey, whisperLists } = this.#options.settings.current;
    keys.setBinding(PUSH_TO_TALK, pushToTalk);
    keys.setBinding(REPLY, replyKey);
    for (const { id, binding } of whisperLists) keys.setBinding(`${LIST_PREFIX}${id}`, binding);
  }

  /** @returns false when there is no such list */
  setCapturing(use: KeyUse, capturing: boolean): boolean {
    if (capturing && !this.#exists(use)) return false;
    this.#capturing = capturing ? use : null;
    if (capturing) this.#keys?.startCapture(nameOf(use));
    else this.#keys?.cancelCapture();
    this.#options.onDidChange();
    return true;
  }

  /** @param binding null: the person gave up choosing */
  handleCaptured(name: string, binding: Binding | null): void {
    const use = readKeyName(name);
    this.#capturing = null;
    if (binding !== null && use !== null && this.#exists(use)) this.set(use, binding);
    else this.#options.onDidChange();
  }

  /** @param binding null: no key does it any more */
  set(use: KeyUse, binding: Binding | null): void {
    const { settings } = this.#options;
    this.#capturing = null;
    this.#keys?.setBinding(nameOf(use), binding);
    if (use.kind === 'pushToTalk') settings.update({ pushToTalk: binding });
    else if (use.key === 'reply') settings.update({ replyKey: binding });
    else {
      const whisperLists = settings.current.whisperLists.map((list) =>
        list.id === use.key ? { ...list, binding } : list,
      );
      settings.update({ whisperLists });
    }
    this.#options.onDidChange();
  }

  /** A list is gone, and its key with it. */
  forgetList(list: number): void {
    this.#keys?.setBinding(`${LIST_PREFIX}${list}`, null);
    if (this.#capturing?.kind !== 'whisper' || this.#capturing.key !== list) return;
    this.#capturing = null;
    this.#keys?.cancelCapture();
  }

  #exists(use: KeyUse): boolean {
    if (use.kind === 'pushToTalk' || use.key === 'reply') return true;
    return this.#options.settings.current.whisperLists.some(({ id }) => id === use.key);
  }
}
