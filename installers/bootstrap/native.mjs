import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeHeaders, OUTPUT, projectEnvironment, projectNode, ROOT } from './places.mjs';
import { runLogged, StepFailed, say } from './say.mjs';

const FOLDER = join(ROOT, 'native');
const STAMP = join(FOLDER, 'build', '.sidetone-stamp');

/**
 * The addon's sources: what git knows of `native`, without what is built there.
 *
 * @param {string} folder
 * @returns {string[]}
 */
function sources(folder) {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) {
        return name.startsWith('build') || name === 'prebuilds' ? [] : sources(path);
      }
      return [path];
    });
}

/** What the built addon depends on: its sources, the Node.js it is built against, this machine's kind. */
function currentStamp() {
  const hash = createHash('sha256');
  for (const path of sources(FOLDER)) hash.update(path.slice(FOLDER.length)).update(readFileSync(path));
  hash.update(readFileSync(join(ROOT, 'package-lock.json')));
  hash.update(`${process.platform}-${process.arch}`);
  return hash.digest('hex');
}

/** Whether the addon is built from these sources, or is of no use on this system. */
export function nativeIsCurrent() {
  if (process.platform !== 'linux') return true;
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === currentStamp();
}

/**
 * Builds our own addon (batched UDP for the relay). Without it the relay works on Node's sockets, so a failure is
 * told and no more; it is tried again with the next command.
 *
 * @returns {Promise<void>}
 */
export async function ensureNative() {
  if (nativeIsCurrent()) return;
  const headers = nodeHeaders();
  const nodedir = headers === null ? [] : [`--nodedir=${headers}`];
  try {
    await runLogged(
      'Building the fast UDP socket',
      projectNode(),
      [join(ROOT, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'), 'rebuild', '-C', FOLDER, ...nodedir],
      { cwd: ROOT, env: projectEnvironment(), logPath: join(OUTPUT, 'native.log') },
    );
    writeFileSync(STAMP, currentStamp());
  } catch (error) {
    say(error instanceof StepFailed ? error.message : String(error));
    say('  The relay will use the sockets of Node.js, which carry less than half as much.');
  }
}
