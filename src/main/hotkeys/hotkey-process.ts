import { createRequire } from 'node:module';
import {
  HEARTBEAT_MS,
  type HotkeyCommand,
  type HotkeyEvent,
  sameTrigger,
  type Trigger,
} from './hotkey-protocol.ts';
import { keyLabels, mouseLabel } from './key-names.ts';

/**
 * The global key hook, in a process of its own: native code that reads the whole machine's keys and has been known
 * to crash must cost neither the call nor the sound.
 */

type HookModule = typeof import('uiohook-napi');

let watched: readonly Trigger[] = [];
let capturing = false;

function send(event: HotkeyEvent): void {
  if (process.connected) process.send?.(event);
}

/** Loaded here and not by an import, so that a missing system library becomes a sentence. */
function loadHook(): HookModule | null {
  try {
    return createRequire(import.meta.url)('uiohook-napi') as HookModule;
  } catch (error) {
    send({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    return null;
  }
}

function isWatched(trigger: Trigger): boolean {
  return watched.some((other) => sameTrigger(other, trigger));
}

function start(hook: HookModule): void {
  const labels = keyLabels(hook.UiohookKey);
  const down = (trigger: Trigger, label: string): void => {
    if (capturing || isWatched(trigger)) send({ kind: 'down', trigger, label });
  };
  const up = (trigger: Trigger): void => {
    if (isWatched(trigger)) send({ kind: 'up', trigger });
  };
  hook.uIOhook.on('keydown', ({ keycode }) =>
    down({ device: 'keyboard', code: keycode }, labels.get(keycode) ?? `Key ${keycode}`),
  );
  hook.uIOhook.on('keyup', ({ keycode }) => up({ device: 'keyboard', code: keycode }));
  hook.uIOhook.on('mousedown', ({ button }) =>
    down({ device: 'mouse', code: Number(button) }, mouseLabel(Number(button))),
  );
  hook.uIOhook.on('mouseup', ({ button }) => up({ device: 'mouse', code: Number(button) }));
  hook.uIOhook.start();
  send({ kind: 'beat' });
  setInterval(() => send({ kind: 'beat' }), HEARTBEAT_MS);
}

process.on('message', (command: HotkeyCommand) => {
  if (command.kind === 'watch') watched = command.triggers;
  else capturing = command.capturing;
});
process.on('disconnect', () => process.exit(0));

const hook = loadHook();
if (hook !== null) {
  try {
    start(hook);
  } catch (error) {
    send({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
    process.disconnect();
  }
} else {
  process.exitCode = 1;
  process.disconnect();
}
