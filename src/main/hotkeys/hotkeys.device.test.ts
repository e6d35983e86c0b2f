import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Binding } from '../../contract/dto.ts';
import { type Hotkeys, startHotkeys } from './hotkeys.ts';
import { KeyBindings } from './key-bindings.ts';

const missing = ['Xvfb', 'xdotool'].filter((program) => spawnSync('which', [program]).status !== 0);

/** Longest time from a key on the X server to its meaning here; a loaded machine gets its time. */
const WAIT_MS = 5_000;

const TALK = 'pushToTalk';
const WHISPER = 'whisper.1';

/** From the death of the hook to the closed microphone, in ms. */
const RELEASE_LIMIT_MS = 1_500;

describe.runIf(missing.length === 0)('the global keys on a real X server', () => {
  let display = '';
  let hotkeys: Hotkeys;
  let server: ReturnType<typeof spawn>;
  const held: boolean[] = [];
  const whispers: boolean[] = [];
  const captured: (Binding | null)[] = [];
  const problems: string[] = [];
  const keys = new KeyBindings({
    onDidChange: (name, value) => (name === TALK ? held : whispers).push(value),
    onDidCapture: (_name, value) => captured.push(value),
  });

  function press(...command: string[]): void {
    execFileSync('xdotool', command, { env: { ...process.env, DISPLAY: display } });
  }

  async function until(condition: () => boolean): Promise<void> {
    const endMs = performance.now() + WAIT_MS;
    while (!condition()) {
      if (performance.now() > endMs) throw new Error(`not within ${WAIT_MS} ms: ${String(condition)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  beforeAll(async () => {
    server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '640x480x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    display = await new Promise((resolve) => {
      server.stdout?.once('data', (text) => resolve(`:${String(text).trim()}`));
    });
    hotkeys = startHotkeys({
      processPath: join(import.meta.dirname, 'hotkey-process.ts'),
      keys,
      onDidChangeProblem: (problem) => problems.push(problem),
      environment: { ...process.env, DISPLAY: display },
    });
    await until(() => problems.includes(''));
  });
  afterAll(() => {
    hotkeys.close();
    server.kill();
  });

  it('takes the key that is pressed, then hears it go down and up', async () => {
    keys.startCapture(TALK);
    // The order to capture and the key travel by different ways; pressed again until it was heard.
    await expect
      .poll(
        () => {
          if (captured.length === 0) press('key', 'F8');
          return captured.length;
        },
        { timeout: WAIT_MS, interval: 200 },
      )
      .toBeGreaterThan(0);
    expect(captured[0]).toMatchObject({ device: 'keyboard', label: 'F8' });
    keys.setBinding(TALK, captured[0] ?? null);
    await new Promise((resolve) => setTimeout(resolve, 200));
    press('keydown', 'F8');
    await until(() => held.at(-1) === true);
    press('keyup', 'F8');
    await until(() => held.at(-1) === false);
  });

  it('hears mouse buttons', async () => {
    keys.setBinding(TALK, { device: 'mouse', code: 3, label: 'Middle click' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    press('mousedown', '2');
    await until(() => held.at(-1) === true);
    press('mouseup', '2');
    await until(() => held.at(-1) === false);
  });

  it('hears several keys at once, each under its name, and no other', async () => {
    keys.setBinding(TALK, { device: 'keyboard', code: 66, label: 'F8' });
    keys.setBinding(WHISPER, { device: 'keyboard', code: 67, label: 'F9' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = { held: held.length, whispers: whispers.length };
    press('keydown', 'F8');
    press('keydown', 'F9');
    press('key', 'F7');
    press('keyup', 'F8');
    await until(() => keys.isHeld(WHISPER) && held.length === before.held + 2);
    press('keyup', 'F9');
    await until(() => whispers.length === before.whispers + 2);
    expect(held.slice(before.held)).toEqual([true, false]);
    expect(whispers.slice(before.whispers)).toEqual([true, false]);
    keys.setBinding(WHISPER, null);
  });

  it('closes the microphone when the hook is killed while the key is down, and comes back', async () => {
    keys.setBinding(TALK, { device: 'keyboard', code: 66, label: 'F8' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    press('keydown', 'F8');
    await until(() => keys.isHeld(TALK));
    const killed = hotkeys.processId;
    expect(killed).not.toBeNull();
    const startMs = performance.now();
    process.kill(killed ?? 0, 'SIGKILL');
    await until(() => !keys.isHeld(TALK));
    expect(performance.now() - startMs).toBeLessThan(RELEASE_LIMIT_MS);
    press('keyup', 'F8');
    await until(() => problems.at(-1) === '' && hotkeys.processId !== killed);
    await new Promise((resolve) => setTimeout(resolve, 200));
    press('keydown', 'F8');
    await until(() => keys.isHeld(TALK));
    press('keyup', 'F8');
    await until(() => !keys.isHeld(TALK));
    expect(existsSync(`/proc/${killed}`)).toBe(false);
  });
});

if (missing.length > 0) {
  it(`DID NOT RUN: the global keys on a real X server needs ${missing.join(' and ')}`, (context) => {
    context.skip();
  });
}
