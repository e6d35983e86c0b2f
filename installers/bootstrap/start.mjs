import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { debianNeeds, ensureDebianPackages } from './debian.mjs';
import { dependenciesAreCurrent, ensureDependencies } from './dependencies.mjs';
import { fetchElectron, findElectron, sandboxProblem } from './electron.mjs';
import { whenOrphaned } from './orphan.mjs';
import { projectEnvironment, projectNode, ROOT } from './places.mjs';
import { StepFailed, say } from './say.mjs';
import { chooseShell, electronObstacle, hasDisplay } from './shell.mjs';

/** `npm start`: brings everything that is missing, then runs Sidetone in the shell that works here. */
async function main() {
  const { platform, env } = process;
  const userId = process.geteuid?.();
  const opensBrowser = hasDisplay({ platform, env }) && userId !== 0;
  await ensureDebianPackages(debianNeeds('start', opensBrowser, dependenciesAreCurrent()));
  await ensureDependencies();
  await ensureBuild();

  const obstacle = electronObstacle({ platform, env, userId });
  let electronPath = findElectron();
  let fetchProblem = null;
  if (electronPath === null && obstacle === null) {
    fetchProblem = await fetchElectron();
    electronPath = findElectron();
  }
  const choice = chooseShell({
    platform,
    env,
    userId,
    electronPath,
    fetchProblem,
    sandboxProblem: electronPath === null ? null : sandboxProblem(electronPath),
  });
  const args = process.argv.slice(2);
  if (choice.shell === 'electron') return run(choice.path, [ROOT, ...args]);
  say(`Sidetone runs in a browser window, because ${choice.reason}.`);
  return run(projectNode(), [join(ROOT, 'out', 'main', 'browser.js'), ...args]);
}

/**
 * Runs the program as if it were this process: its terminal, its signals, its exit code.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<number>} exit code
 */
function run(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: process.cwd(), env: projectEnvironment(), stdio: 'inherit' });
    /** @type {NodeJS.Signals[]} */
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, () => child.kill(signal));
    whenOrphaned(() => child.kill('SIGTERM'));
    child.once('error', (error) => {
      say(`${program} could not be started: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    say(error instanceof StepFailed ? error.message : String(error?.stack ?? error));
    process.exitCode = 1;
  },
);
