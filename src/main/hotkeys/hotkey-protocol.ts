/** A key or mouse button, named as libuiohook names it. */
export interface Trigger {
  readonly device: 'keyboard' | 'mouse';
  readonly code: number;
}

export function sameTrigger(a: Trigger, b: Trigger): boolean {
  return a.device === b.device && a.code === b.code;
}

/**
 * Main to the hotkey process. It hears every key of the machine and passes on only what it was told to: the bound
 * keys, or, while the person chooses a key, whatever is pressed.
 */
export type HotkeyCommand =
  | { kind: 'watch'; triggers: readonly Trigger[] }
  | { kind: 'capture'; capturing: boolean };

/** The hotkey process to main. */
export type HotkeyEvent =
  /** Still alive; sent every HEARTBEAT_MS. */
  | { kind: 'beat' }
  | { kind: 'down'; trigger: Trigger; label: string }
  | { kind: 'up'; trigger: Trigger }
  /** The hook could not be set up; the process ends. */
  | { kind: 'failed'; reason: string };

/** Between two signs of life, in ms. */
export const HEARTBEAT_MS = 250;

/** Without a sign of life for this long the process counts as dead, in ms: four beats. */
export const HEARTBEAT_LIMIT_MS = 1_000;
