import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createReport, publish, type Row } from '../../bench/report.ts';
import { EXIT_CANNOT_RUN, missingPrograms } from '../rig/programs.ts';
import { Teardown } from '../rig/teardown.ts';
import { adminChecks } from './admin-checks.ts';
import { defectChecks } from './defect-checks.ts';
import { findLeaks } from './leaks.ts';
import { lifeChecks } from './life-checks.ts';
import { PROGRAM } from './relay-under-test.ts';
import { type Check, Scene } from './scene.ts';
import { settingChecks } from './setting-checks.ts';

const NAME = 'e2e:relay';

const checks: readonly Check[] = [...settingChecks, ...lifeChecks, ...adminChecks, ...defectChecks];

/** Runs one check; a failure is a row, and the rest runs on. @returns also what its programs wrote */
async function runCheck(
  { name, run }: Check,
  root: string,
): Promise<{ row: Row; wrote: string; secrets: readonly string[] }> {
  const scene = new Scene(root);
  const startMs = performance.now();
  let row: Row;
  try {
    row = { check: name, ok: true, ...(await run(scene)) };
  } catch (error) {
    row = { check: name, ok: false, error: String(error) };
  }
  const wrote = await scene.close();
  process.stderr.write(
    `${row['ok'] === true ? 'ok' : 'FAILED'} ${name}, ${Math.round(performance.now() - startMs)} ms\n`,
  );
  return { row, wrote, secrets: scene.secrets };
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: { json: { type: 'boolean', default: false }, only: { type: 'string' } },
  });
  const reason = existsSync(PROGRAM)
    ? missingPrograms(['python3'])
    : 'the program is not built (npm run build)';
  if (reason !== null) {
    process.stderr.write(`${NAME} cannot run: ${reason}\n`);
    process.exitCode = EXIT_CANNOT_RUN;
    return;
  }
  const root = mkdtempSync(join(tmpdir(), 'sidetone-relay-'));
  const teardown = new Teardown();
  teardown.defer('the temporary folder', () => rmSync(root, { recursive: true, force: true }));
  try {
    const rows: Row[] = [];
    const wrote: string[] = [];
    const secrets: string[] = [];
    for (const check of checks) {
      if (options.only !== undefined && !check.name.includes(options.only)) continue;
      const result = await runCheck(check, root);
      rows.push(result.row);
      wrote.push(result.wrote);
      secrets.push(...result.secrets);
    }
    rows.push(findLeaks(wrote.join('\n'), secrets));
    const failedChecks = rows.filter((row) => row['ok'] !== true).length;
    publish(createReport(NAME, rows, { failedChecks }), { json: options.json });
  } finally {
    await teardown.run();
  }
}

await main();
