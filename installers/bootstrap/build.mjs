import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BINARIES, OUTPUT, projectEnvironment, projectNode, ROOT } from './places.mjs';
import { runLogged } from './say.mjs';

const STAMP = join(ROOT, 'out', '.sidetone-build');

/** Files besides `src` that a build depends on. */
const CONFIGURATION = ['electron.vite.config.ts', 'package.json', 'package-lock.json', 'tsconfig.base.json'];

/**
 * Name, size and time of every file below a folder.
 *
 * @param {string} folder
 * @returns {string[]}
 */
function describeFolder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return describeFolder(path);
    const { size, mtimeMs } = statSync(path);
    return [`${path} ${size} ${mtimeMs}`];
  });
}

function currentStamp() {
  const files = describeFolder(join(ROOT, 'src')).sort();
  const configuration = CONFIGURATION.map((name) => readFileSync(join(ROOT, name), 'utf8'));
  return createHash('sha256')
    .update([...files, ...configuration].join('\n'))
    .digest('hex');
}

/**
 * Builds the program where its sources changed since the last build.
 *
 * @throws {StepFailed}
 */
export async function ensureBuild() {
  const stamp = currentStamp();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return;
  await runLogged('Building Sidetone', projectNode(), [join(BINARIES, 'electron-vite'), 'build'], {
    cwd: ROOT,
    env: projectEnvironment(),
    logPath: join(OUTPUT, 'build.log'),
  });
  writeFileSync(STAMP, stamp);
}
