import { ensureBuild } from './build.mjs';
import { debianNeeds, ensureDebianPackages, measurementNeeds } from './debian.mjs';
import { dependenciesAreCurrent, ensureDependencies } from './dependencies.mjs';
import { ensureNative, nativeIsCurrent } from './native.mjs';
import { projectNode, ROOT } from './places.mjs';
import { runProgram } from './run-program.mjs';
import { StepFailed, say } from './say.mjs';

/**
 * `npm run e2e:…` and `npm run bench:…`: brings everything that is missing, then runs one measurement. What this
 * says goes to stderr, so that stdout holds the measurement's document alone.
 */
async function main() {
  const [script = ''] = process.argv.slice(2);
  await ensureDebianPackages([
    ...debianNeeds('test', false, dependenciesAreCurrent() && nativeIsCurrent()),
    ...measurementNeeds(script),
  ]);
  await ensureDependencies();
  await ensureNative();
  await ensureBuild();
  process.chdir(ROOT);
  return runProgram(projectNode(), process.argv.slice(2));
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
