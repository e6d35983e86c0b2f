import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { _electron } from 'playwright-core';
import { createNotRunReport, createReport, publish, type Row } from '../../bench/report.ts';
import { AppWindow } from '../rig/app-window.ts';
import { Child } from '../rig/child.ts';
import { VirtualDisplay } from '../rig/display.ts';
import { EXIT_CANNOT_RUN, missingPrograms } from '../rig/programs.ts';
import { Teardown } from '../rig/teardown.ts';
import { checks, type Scene } from './checks.ts';
import { findElectron } from './electron-binary.ts';

const NAME = 'e2e:electron';
const ROOT = join(import.meta.dirname, '../..');
const OUTPUT_FOLDER = join(ROOT, '.test-output/e2e-electron');

/** How long Electron may take to start, in ms: slow the first time on a cold disk. */
const MAX_START_MS = 30_000;

/** How long it may take to end, in ms: its own limit is five seconds. */
const MAX_QUIT_MS = 8_000;

/** Linux without a screen gets one of its own; everywhere else there is one. */
function needsDisplay(): boolean {
  return process.platform === 'linux' && (process.env.DISPLAY ?? '') === '';
}

/** Why the suite cannot run here, or null. */
function obstacle(): string | null {
  const electron = findElectron();
  if (!electron.ok) return electron.reason;
  if (!existsSync(join(ROOT, 'out/main/index.js'))) return 'the program is not built (npm run build)';
  return needsDisplay() ? missingPrograms(['Xvfb', 'openbox', 'xdotool', 'xmessage']) : null;
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

async function openScene(teardown: Teardown, executablePath: string): Promise<Scene> {
  rmSync(OUTPUT_FOLDER, { recursive: true, force: true });
  mkdirSync(OUTPUT_FOLDER, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-electron-'));
  teardown.defer('the temporary folder', () =>
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  );
  let env: NodeJS.ProcessEnv = { ...process.env, SIDETONE_DATA_DIR: folder, SIDETONE_AUDIO_BACKEND: 'null' };
  if (needsDisplay()) {
    const display = await VirtualDisplay.start(env, join(OUTPUT_FOLDER, 'display.log'));
    teardown.defer('the screen', () => display.stop());
    env = display.env;
  }
  // Chromium refuses to run its process sandbox as root; the page stays without Node.js all the same.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const args = [...sandbox, ROOT];
  const application = await _electron.launch({
    executablePath,
    args,
    env: definedOnly(env),
    timeout: MAX_START_MS,
  });
  teardown.defer('Electron', () => application.close());
  const page = await application.firstWindow({ timeout: MAX_START_MS });
  page.context().setDefaultTimeout(MAX_START_MS);
  const logPath = join(OUTPUT_FOLDER, 'second-start.log');
  return {
    application,
    window: await AppWindow.around(page),
    startAgain: (extra) => Child.start(executablePath, [...args, ...extra], { env, logPath }),
  };
}

/** Runs all checks; a failure is a row, and the rest runs on. */
async function runChecks(scene: Scene): Promise<{ rows: Row[]; failures: number }> {
  const rows: Row[] = [];
  let failures = 0;
  for (const { name, run } of checks) {
    try {
      rows.push({ check: name, ok: true, ...(await run(scene)) });
    } catch (error) {
      rows.push({ check: name, ok: false, error: String(error) });
      failures += 1;
    }
  }
  return { rows, failures };
}

/** Quits as the tray does and watches it end. */
async function quit({ application }: Scene): Promise<Row> {
  const startMs = performance.now();
  const ended = new Promise<void>((resolve) => application.process().once('exit', () => resolve()));
  await application.evaluate(({ app }) => app.quit()).catch(() => undefined);
  await ended;
  const tookMs = performance.now() - startMs;
  return { check: 'it ends when asked to', ok: tookMs <= MAX_QUIT_MS, tookMs };
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
  const reason = obstacle();
  const electron = findElectron();
  if (reason !== null || !electron.ok) {
    process.stderr.write(`\nELECTRON SUITE DID NOT RUN: ${reason}\n\n`);
    publish(createNotRunReport(NAME, reason ?? ''), { json: options.json });
    // Where the binary is expected, its absence is a failure.
    if (process.env.SIDETONE_REQUIRE_ELECTRON === '1') process.exitCode = EXIT_CANNOT_RUN;
    return;
  }
  const teardown = new Teardown();
  try {
    const scene = await openScene(teardown, electron.path);
    const { rows, failures } = await runChecks(scene);
    const ending = await quit(scene);
    const failedChecks = failures + (ending.ok === true ? 0 : 1);
    publish(createReport(NAME, [...rows, ending], { failedChecks }), { json: options.json });
  } finally {
    await teardown.run();
  }
}

await main();
