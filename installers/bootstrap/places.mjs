import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** The repository's folder. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** Where npm links the programs of our dependencies. */
export const BINARIES = join(ROOT, 'node_modules', '.bin');

/** Where reports and logs of our commands go. */
export const OUTPUT = join(ROOT, '.test-output');

/**
 * The environment without what npm itself put in front of the search path: the system's own node and npm.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function systemEnvironment(env = process.env) {
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return { ...env, PATH: path.join(delimiter) };
}

/**
 * The environment in which our dependencies' programs come first, Node 24 among them.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function projectEnvironment(env = process.env) {
  return { ...env, PATH: `${BINARIES}${delimiter}${systemEnvironment(env)['PATH']}` };
}

/** The Node.js that comes with the dependencies. */
export function projectNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  return join(ROOT, 'node_modules', 'node', 'bin', name);
}

/**
 * The folder of that Node.js with its C headers, or null where its package brings none.
 *
 * @returns {string | null}
 */
export function nodeHeaders() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folders = [
    join(ROOT, 'node_modules', 'node', 'node_modules', name),
    join(ROOT, 'node_modules', name),
  ];
  return folders.find((folder) => existsSync(join(folder, 'include', 'node', 'node.h'))) ?? null;
}
