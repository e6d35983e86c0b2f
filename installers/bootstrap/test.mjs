import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianNeeds, ensureDebianPackages } from './debian.mjs';
import { dependenciesAreCurrent, ensureDependencies } from './dependencies.mjs';
import { ensureNative, nativeIsCurrent } from './native.mjs';
import { whenOrphaned } from './orphan.mjs';
import { OUTPUT, projectEnvironment, ROOT } from './places.mjs';
import { didNotRun, failuresOf, readExit, readReport, readVitest, totals } from './results.mjs';
import { StepFailed, say } from './say.mjs';
import { CHECK_STEPS, DEVICE_STEPS } from './steps.mjs';

/** @typedef {import('./steps.mjs').Step} Step */
/** @typedef {import('./results.mjs').Result} Result */

/** Lines of a failed step's output that are shown. */
const SHOWN_LINES = 80;

/** Failed parts of one step that the summary repeats, and letters of each: who reads only the end finds the cause there. */
const REPEATED_FAILURES = 8;
const REPEATED_LETTERS = 400;

/** Ends the step that runs, and this program. */
let endCurrent = () => process.exit(130);
whenOrphaned(() => endCurrent());

/** `npm test`: everything. With the argument `check`, `npm run check`: what needs no sound device. */
async function main() {
  const command = process.argv[2] === 'check' ? 'check' : 'test';
  await ensureDebianPackages(debianNeeds(command, false, dependenciesAreCurrent() && nativeIsCurrent()));
  await ensureDependencies();
  await ensureNative();
  mkdirSync(OUTPUT, { recursive: true });

  /** @type {[Step, Result, number][]} */
  const done = [];
  for (const step of command === 'check' ? CHECK_STEPS : [...CHECK_STEPS, ...DEVICE_STEPS]) {
    const startMs = performance.now();
    const built = !done.some(([earlier, result]) => earlier.script === 'build' && result.failed > 0);
    say(`\n== ${step.name} (npm run ${step.script})`);
    const result = step.needsBuild && !built ? didNotRun('the build failed') : await runStep(step);
    if (result.notRun !== null) say(`!! ${step.name} DID NOT RUN: ${result.notRun}`);
    done.push([step, result, (performance.now() - startMs) / 1000]);
  }
  return summarise(done);
}

/**
 * @param {[Step, Result, number][]} done
 * @returns {number} exit code
 */
function summarise(done) {
  const lines = done.map(([{ name }, result, seconds]) => {
    const outcome = result.notRun !== null ? 'NOT RUN' : result.failed > 0 ? 'FAILED' : 'passed';
    return `${outcome.padEnd(8)} ${name.padEnd(32)} ${totals([result]).padEnd(36)} ${seconds.toFixed(0)} s`;
  });
  process.stdout.write(`\n${lines.join('\n')}\n`);
  for (const [step, result] of done) {
    if (result.failed === 0) continue;
    for (const failure of failuresOf(step.reads, reportOf(step)).slice(0, REPEATED_FAILURES))
      process.stdout.write(`\nFAILED ${step.name}: ${failure.slice(0, REPEATED_LETTERS)}\n`);
  }
  for (const [{ name }, { notRun }] of done) {
    if (notRun !== null) process.stdout.write(`\n!! ${name} DID NOT RUN: ${notRun}\n`);
  }
  const results = done.map(([, result]) => result);
  process.stdout.write(`\n${totals(results)}\n`);
  return results.some((result) => result.failed > 0) ? 1 : 0;
}

/** @param {Step} step where its report and its log lie, without the ending */
function outputOf(step) {
  return join(OUTPUT, step.script.replaceAll(':', '-'));
}

/** @param {Step} step */
function reportOf(step) {
  return readIfThere(`${outputOf(step)}.json`);
}

/**
 * @param {Step} step
 * @returns {Promise<Result>}
 */
async function runStep(step) {
  const base = outputOf(step);
  const reportPath = `${base}.json`;
  rmSync(reportPath, { force: true });
  const args = [...(step.args ?? [])];
  if (step.reads === 'vitest') {
    args.push('--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`);
  }
  const { code, stdout, stderr } = await runScript(step, args);
  writeFileSync(`${base}.log`, stdout + stderr);
  switch (step.reads) {
    case 'exit':
      if (code !== 0) showTail(stdout + stderr);
      return readExit(code);
    case 'vitest':
      return readVitest(code, readIfThere(reportPath));
    case 'report': {
      writeFileSync(reportPath, stdout);
      const result = readReport(
        code,
        stdout,
        (stderr.trimEnd().split('\n').at(-1) ?? '').replace(/^.*DID NOT RUN: /, ''),
      );
      if (result.failed > 0) showTail(failuresOf('report', stdout).join('\n'));
      return result;
    }
  }
}

/**
 * Runs a script of package.json; what it says is shown as it comes where a person waits for it.
 *
 * @param {Step} step
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
function runScript(step, args) {
  return new Promise((resolve) => {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    // A group of its own, so that a step which hangs ends with everything it started.
    const child = spawn(npm, ['run', '--silent', step.script, '--', ...args], {
      cwd: ROOT,
      env: { ...projectEnvironment(), ...step.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      shell: process.platform === 'win32',
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output.stdout += text;
      if (step.reads === 'vitest') process.stderr.write(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output.stderr += text;
      if (step.reads !== 'exit') process.stderr.write(text);
    });
    const end = (/** @type {NodeJS.Signals} */ signal) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // It ended by itself in the meantime.
      }
    };
    const limit = setTimeout(() => {
      say(`!! ${step.name} took longer than ${step.maxMinutes} minutes and was ended`);
      end('SIGTERM');
      setTimeout(() => end('SIGKILL'), 5_000).unref();
    }, step.maxMinutes * 60_000);
    const interrupt = () => {
      end('SIGTERM');
      process.exit(130);
    };
    process.once('SIGINT', interrupt);
    process.once('SIGTERM', interrupt);
    endCurrent = interrupt;
    const finish = (/** @type {number} */ code) => {
      clearTimeout(limit);
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
      endCurrent = () => process.exit(130);
      resolve({ code, ...output });
    };
    child.once('error', (error) => {
      output.stderr += `${error.message}\n`;
      finish(-1);
    });
    child.once('close', (code) => finish(code ?? -1));
  });
}

/** @param {string} text */
function showTail(text) {
  for (const line of text.trimEnd().split('\n').slice(-SHOWN_LINES)) say(`  | ${line}`);
}

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    say(error instanceof StepFailed ? error.message : String(error?.stack ?? error));
    process.stdout.write('\n0 passed, 1 failed\n');
    process.exitCode = 1;
  },
);
