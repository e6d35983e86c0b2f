import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { createNotRunReport, createReport, publish, type Row } from '../../bench/report.ts';
import { EXIT_CANNOT_RUN, missingPrograms } from '../rig/programs.ts';
import { Teardown } from '../rig/teardown.ts';
import { DashboardWindow, openBrowser } from './dashboard-window.ts';
import { entranceJourneys, sessionJourneys } from './entrance-journeys.ts';
import { openGivenStage } from './given-stage.ts';
import type { Journey, Scene } from './journey.ts';
import { listenersJourneys } from './listeners-journeys.ts';
import { AccessibilityError, lookJourneys, setupLook } from './look-journeys.ts';
import { openRelayStage } from './relay-stage.ts';
import { roomJourneys } from './room-journeys.ts';
import { openScriptedStage } from './scripted-server.ts';
import type { Stage } from './stage.ts';
import { makeHall, upkeepJourneys } from './upkeep-journeys.ts';

const NAME = 'e2e:admin';
const ROOT = join(import.meta.dirname, '../..');
const OUTPUT_FOLDER = join(ROOT, '.test-output/e2e-admin');

/** The whole run is given up after this time, in ms: it lasts two to four minutes. */
const MAX_RUN_MS = 10 * 60_000;

/** What a run collects. */
interface Findings {
  readonly rows: Row[];
  failures: number;
  violations: number;
}

/** In the order in which they build on each other: the first account is there only once. */
const journeys: readonly Journey[] = [
  setupLook,
  ...entranceJourneys,
  makeHall,
  ...roomJourneys,
  ...listenersJourneys,
  ...upkeepJourneys,
  ...lookJourneys,
  ...sessionJourneys,
];

function progress(text: string): void {
  process.stderr.write(`${NAME}: ${text}\n`);
}

async function walk(findings: Findings, scene: Scene, journey: Journey): Promise<void> {
  const { stage, window } = scene;
  const check = { check: journey.name, server: stage.name };
  progress(`${stage.name}: ${journey.name}`);
  try {
    findings.rows.push({ ...check, ok: true, ...(await journey.run(scene)) });
  } catch (error) {
    findings.rows.push({ ...check, ok: false, error: String(error) });
    findings.failures += 1;
    if (error instanceof AccessibilityError) findings.violations += error.violations;
    progress(`FAILED: ${journey.name}: ${String(error)}`);
    const path = join(OUTPUT_FOLDER, `failure-${stage.name}-${findings.failures}.png`);
    await window.page.screenshot({ path, timeout: 3_000 }).catch(() => undefined);
    // Whatever is open must not stand in the way of the next one.
    for (let press = 0; press < 3; press += 1)
      await window.page.keyboard.press('Escape').catch(() => undefined);
  }
}

/** What the pages themselves complained about, in the whole walk. */
async function judgePages(findings: Findings, { stage, window }: Scene): Promise<void> {
  const policy = await window.policyViolations();
  const troubles = [...window.troubles, ...policy];
  findings.violations += policy.length;
  if (troubles.length > 0) findings.failures += 1;
  findings.rows.push({
    check: 'no script fails, and nothing is tried against the policy',
    server: stage.name,
    ok: troubles.length === 0,
    ...(troubles.length === 0 ? {} : { error: troubles.slice(0, 5).join('; ') }),
  });
}

async function walkAll(findings: Findings, browser: Browser, stage: Stage): Promise<void> {
  const window = await DashboardWindow.open(browser, stage.base);
  const scene = { stage, window };
  for (const journey of journeys) await walk(findings, scene, journey);
  await judgePages(findings, scene);
  await window.context.close();
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      /** `scripted`: a made-up relay; `relay`: the built program; without it, both. */
      server: { type: 'string' },
      /** A relay that runs already, instead: its address, its one-time code, and `port:sha256` for members. */
      base: { type: 'string' },
      code: { type: 'string', default: '' },
      door: { type: 'string', default: '' },
      /** Folder of the built renderer, for the made-up relay. */
      renderer: { type: 'string', default: join(ROOT, 'out/renderer') },
    },
  });
  const missing = missingPrograms(['chromium']);
  if (missing !== null) {
    publish(createNotRunReport(NAME, missing), { json: options.json });
    process.stderr.write(`${NAME} DID NOT RUN: ${missing}\n`);
    process.exitCode = EXIT_CANNOT_RUN;
    return;
  }
  if (!existsSync(join(options.renderer, 'admin.html')))
    throw new Error('the dashboard is not built: npm run build');
  await mkdir(OUTPUT_FOLDER, { recursive: true });
  const teardown = new Teardown();
  const findings: Findings = { rows: [], failures: 0, violations: 0 };
  const watchdog = setTimeout(() => {
    process.stderr.write(`${NAME} took longer than ${MAX_RUN_MS / 60_000} minutes and was given up\n`);
    void teardown.run().finally(() => process.exit(1));
  }, MAX_RUN_MS);
  try {
    const browser = await openBrowser();
    teardown.defer('the browser', () => browser.close());
    const { base, code, door } = options;
    const openings: Readonly<Record<string, () => Stage | Promise<Stage>>> =
      base === undefined
        ? { scripted: () => openScriptedStage(options.renderer), relay: openRelayStage }
        : { given: () => openGivenStage({ base, code, door }) };
    for (const [name, open] of Object.entries(openings)) {
      if (options.server !== undefined && options.server !== name) continue;
      const stage = await open();
      teardown.defer(`the ${name} server`, () => stage.close());
      await walkAll(findings, browser, stage);
    }
  } catch (error) {
    findings.rows.push({ check: 'the run itself', ok: false, error: String(error) });
    findings.failures += 1;
  } finally {
    await teardown.run();
    clearTimeout(watchdog);
  }
  publish(
    createReport(NAME, findings.rows, {
      failedJourneys: findings.failures,
      violations: findings.violations,
    }),
    { json: options.json },
  );
}

await main();
