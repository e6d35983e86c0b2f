import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createReport, publish, type Row } from '../../bench/report.ts';
import { missingPrograms } from '../rig/programs.ts';
import { Teardown } from '../rig/teardown.ts';
import { type Check, MissedLimit, Scene } from './check.ts';
import { hostileChecks } from './hostile-checks.ts';
import { oggChecks } from './ogg-checks.ts';
import { pageChecks } from './page-checks.ts';
import { publishChecks } from './publish-checks.ts';
import { renewalCheck } from './renewal-check.ts';
import { rtspChecks } from './rtsp-checks.ts';
import { signallingChecks } from './signalling-checks.ts';
import { webRtcChecks } from './webrtc-checks.ts';
import { websocketChecks } from './websocket-checks.ts';
import { wholeChecks } from './whole-checks.ts';

const NAME = 'e2e:gateways';
const OUTPUT_FOLDER = join(import.meta.dirname, '../../.test-output/e2e-gateways');

const checks: readonly Check[] = [
  ...publishChecks,
  ...oggChecks,
  ...websocketChecks,
  ...pageChecks,
  ...rtspChecks,
  ...webRtcChecks,
  ...signallingChecks,
  ...hostileChecks,
  ...wholeChecks,
  renewalCheck,
];

/** How often a check is taken that missed a limit, in all. */
const MAX_ATTEMPTS = 4;

/** What the attempts before the one that counts have missed. */
type Missed = readonly string[];

/**
 * Runs one check from its beginning; a failure is a row, and the rest runs on. The last attempt counts, and the row
 * says what was missed before it.
 */
async function runCheck(check: Check, root: string, missed: Missed = []): Promise<Row> {
  const { name, needs, run } = check;
  const missing = missingPrograms(needs);
  if (missing !== null) {
    process.stderr.write(`NOT RUN ${name}: ${missing}\n`);
    return { check: name, ok: false, error: `did not run: ${missing}` };
  }
  const scene = new Scene(root, OUTPUT_FOLDER);
  const startMs = performance.now();
  const before = missed.length === 0 ? {} : { missed: missed.join('; ') };
  let row: Row;
  let miss: string | null = null;
  try {
    row = { check: name, ok: true, ...(await run(scene)), ...before };
  } catch (error) {
    row = { check: name, ok: false, error: String(error), ...before };
    if (error instanceof MissedLimit) miss = error.message;
  }
  await scene.close();
  const elapsedMs = Math.round(performance.now() - startMs);
  if (miss !== null && missed.length + 1 < MAX_ATTEMPTS) {
    process.stderr.write(`again ${name}, ${elapsedMs} ms: ${miss}\n`);
    return runCheck(check, root, [...missed, miss]);
  }
  process.stderr.write(`${row['ok'] === true ? 'ok' : 'FAILED'} ${name}, ${elapsedMs} ms\n`);
  return row;
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: { json: { type: 'boolean', default: false }, only: { type: 'string' } },
  });
  rmSync(OUTPUT_FOLDER, { recursive: true, force: true });
  mkdirSync(OUTPUT_FOLDER, { recursive: true });
  const root = mkdtempSync(join(tmpdir(), 'sidetone-gateways-'));
  const teardown = new Teardown();
  teardown.defer('the temporary folder', () => rmSync(root, { recursive: true, force: true }));
  try {
    const rows: Row[] = [];
    for (const check of checks) {
      if (options.only !== undefined && !check.name.includes(options.only)) continue;
      rows.push(await runCheck(check, root));
    }
    const failed = rows.filter((row) => row['ok'] !== true).length;
    publish(createReport(NAME, rows, { failedChecks: failed }), { json: options.json });
  } finally {
    await teardown.run();
  }
}

if (!existsSync(join(import.meta.dirname, '../../out/main'))) {
  process.stderr.write(`${NAME}: the program is not built (npm run build); checks of its pages will fail\n`);
}
await main();
