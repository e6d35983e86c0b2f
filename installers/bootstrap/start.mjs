import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { debianNeeds, ensureDebianPackages } from './debian.mjs';
import { dependenciesAreCurrent, ensureDependencies } from './dependencies.mjs';
import { fetchElectron, findElectron, sandboxProblem } from './electron.mjs';
import { ensureNative, nativeIsCurrent } from './native.mjs';
import { projectNode, ROOT } from './places.mjs';
import { runProgram } from './run-program.mjs';
import { StepFailed, say } from './say.mjs';
import { chooseShell, electronObstacle, hasDisplay } from './shell.mjs';

/** `npm start`: brings everything that is missing, then runs Sidetone in the shell that works here. */
async function main() {
  const { platform, env } = process;
  const userId = process.geteuid?.();
  const opensBrowser = hasDisplay({ platform, env }) && userId !== 0;
  await ensureDebianPackages(
    debianNeeds('start', opensBrowser, dependenciesAreCurrent() && nativeIsCurrent()),
  );
  await ensureDependencies();
  await ensureNative();
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
  if (choice.shell === 'electron') return runProgram(choice.path, [ROOT, ...args]);
  say(`Sidetone runs in a browser window, because ${choice.reason}.`);
  return runProgram(projectNode(), [join(ROOT, 'out', 'main', 'browser.js'), ...args]);
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
