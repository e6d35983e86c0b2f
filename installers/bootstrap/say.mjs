import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Lines of a failed command's log that are shown. */
const SHOWN_LOG_LINES = 25;

/**
 * One short line for the person at the terminal.
 *
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** A step that failed, with a sentence for the person in `message`. */
export class StepFailed extends Error {}

/**
 * Runs a command with its output in a log; shows the end of the log where it fails.
 *
 * @param {string} title what is being done, for the person
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, logPath: string }} options
 * @returns {Promise<void>}
 * @throws {StepFailed}
 */
export async function runLogged(title, program, args, { cwd, env, logPath }) {
  mkdirSync(dirname(logPath), { recursive: true });
  const log = createWriteStream(logPath);
  const startMs = performance.now();
  say(`${title} …`);
  const code = await new Promise((resolve) => {
    // Windows starts npm through a command file, which only its shell can run.
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('error', (error) => {
      log.write(`${error.message}\n`);
      resolve(-1);
    });
    child.once('close', (exitCode) => resolve(exitCode ?? -1));
  });
  await new Promise((resolve) => log.end(() => resolve(undefined)));
  if (code === 0) {
    const seconds = Math.round((performance.now() - startMs) / 1000);
    if (seconds >= 2) say(`  done in ${seconds} s`);
    return;
  }
  const lines = readFileSync(logPath, 'utf8').trimEnd().split('\n');
  for (const line of lines.slice(-SHOWN_LOG_LINES)) say(`  | ${line}`);
  throw new StepFailed(`"${program} ${args.join(' ')}" failed. Its whole output is in ${logPath}.`);
}
