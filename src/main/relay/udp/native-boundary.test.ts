import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findNativeFolder, loadNativeAddon } from '../../base/native-addon.ts';
import { MAX_RECEIVED_BYTES } from './socket-limits.ts';

/** One run of the fuzz in a process of its own: what it does to the addon must not end it. */
function runFuzz(seed: number): Promise<{ exit: number | string | null; output: string }> {
  const load = loadNativeAddon();
  if (!load.ok) throw new Error(load.reason);
  const program = join(findNativeFolder() ?? '', 'fuzz.mjs');
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--expose-gc', program, load.path, String(seed), '600']);
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', (text) => {
      output += text;
    });
    child.once('close', (code, signal) => resolve({ exit: signal ?? code, output }));
  });
}

describe.runIf(process.platform === 'linux')('the native addon', () => {
  it('is built, and its slots are as long as Node is asked for', () => {
    const load = loadNativeAddon();
    expect(load).toMatchObject({ ok: true, addon: { SLOT_BYTES: MAX_RECEIVED_BYTES } });
  });

  it('survives nonsense', { timeout: 30_000 }, async () => {
    const { exit, output } = await runFuzz(1);
    expect(output).toMatch(/\d+ refusals, \d+ handlers that threw\nsurvived\n$/);
    expect(exit).toBe(0);
  });
});
