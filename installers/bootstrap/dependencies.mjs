import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeHeaders, OUTPUT, projectEnvironment, projectNode, ROOT, systemEnvironment } from './places.mjs';
import { runLogged } from './say.mjs';

const STAMP = join(ROOT, 'node_modules', '.sidetone-stamp');

/** Built here, on purpose: the servers with their ready-made binaries cannot be reached from everywhere. */
const BUILT_HERE = ['naudiodon', '@discordjs/opus'];

/** What the installed dependencies depend on: the lock file, this machine's kind, and the steps below. */
function currentStamp() {
  const hash = createHash('sha256');
  hash.update(readFileSync(join(ROOT, 'package-lock.json')));
  hash.update(readFileSync(join(import.meta.dirname, 'dependencies.mjs')));
  hash.update(`${process.platform}-${process.arch}`);
  return hash.digest('hex');
}

/** Whether the installed dependencies are those of the lock file, and complete. */
export function dependenciesAreCurrent() {
  return existsSync(STAMP) && existsSync(projectNode()) && readFileSync(STAMP, 'utf8') === currentStamp();
}

/**
 * Installs what the lock file names, Node 24 included, and builds the two native libraries.
 *
 * The stamp is written last, so that an installation that was broken off is made anew.
 *
 * @throws {StepFailed}
 */
export async function ensureDependencies() {
  if (dependenciesAreCurrent()) return;
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const quiet = ['--no-audit', '--no-fund'];
  mkdirSync(OUTPUT, { recursive: true });

  // npm deletes node_modules first, and with it the Node.js in it: npm itself must not run on that one.
  await runLogged('Installing what Sidetone is built from', npm, ['ci', '--ignore-scripts', ...quiet], {
    cwd: ROOT,
    env: systemEnvironment(),
    logPath: join(OUTPUT, 'npm-ci.log'),
  });
  await runLogged('Fetching Node.js 24', npm, ['rebuild', 'node', ...quiet], {
    cwd: ROOT,
    env: systemEnvironment(),
    logPath: join(OUTPUT, 'npm-node.log'),
  });
  const headers = nodeHeaders();
  await runLogged('Building the sound libraries', npm, ['rebuild', ...BUILT_HERE, ...quiet], {
    cwd: ROOT,
    env: {
      ...projectEnvironment(),
      npm_config_build_from_source: 'true',
      ...(headers === null ? {} : { npm_config_nodedir: headers }),
    },
    logPath: join(OUTPUT, 'npm-native.log'),
  });
  writeFileSync(STAMP, currentStamp());
}
