#!/usr/bin/env node
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { debianNeeds, ensureDebianPackages } from './debian.mjs';
import { dependenciesAreCurrent, ensureDependencies } from './dependencies.mjs';
import { ensureNative, nativeIsCurrent } from './native.mjs';
import { projectNode, ROOT } from './places.mjs';
import { runProgram } from './run-program.mjs';
import { StepFailed, say } from './say.mjs';

/** `npm run sidetone -- relay …`: brings everything that is missing, then runs Sidetone without a window. */
async function main() {
  await ensureDebianPackages(debianNeeds('check', false, dependenciesAreCurrent() && nativeIsCurrent()));
  await ensureDependencies();
  await ensureNative();
  await ensureBuild();
  return runProgram(projectNode(), [join(ROOT, 'out', 'main', 'cli.js'), ...process.argv.slice(2)]);
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
