import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/** Written when an installation is complete: what it was made from. */
const STAMP = join('node_modules', '.sidetone-stamp');

function stampOf(folder: string): string {
  const lock = readFileSync(join(folder, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex');
}

/** The system's npm on the system's Node.js: the project's own must not stand in front of it. */
function systemPath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.filter((folder) => !folder.includes('node_modules')).join(delimiter);
}

function install(folder: string): Promise<void> {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'];
  const child = spawn(npm, args, {
    cwd: folder,
    env: { ...process.env, PATH: systemPath() },
    // What npm says is no part of a measurement's document.
    stdio: ['ignore', 2, 2],
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`npm cannot be started: ${error.message}`)));
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ended with ${code} while it installed ${relative(ROOT, folder)}`));
    });
  });
}

/**
 * Brings packages that only one benchmark needs, too large or too special to be dependencies of the project.
 *
 * They are pinned by the folder's own package.json and package-lock.json and installed into its node_modules, once.
 * Install scripts are not run: packages with prebuilt binaries only.
 *
 * @param folder absolute path
 * @returns a `require` that finds them
 * @throws Error when npm fails, as it does without a network
 */
export async function optionalPackages(folder: string): Promise<NodeJS.Require> {
  const stampPath = join(folder, STAMP);
  const stamp = stampOf(folder);
  if (!existsSync(stampPath) || readFileSync(stampPath, 'utf8') !== stamp) {
    process.stderr.write(`Installing what ${relative(ROOT, folder)} needs\n`);
    await install(folder);
    writeFileSync(stampPath, stamp);
  }
  return createRequire(join(folder, 'package.json'));
}
