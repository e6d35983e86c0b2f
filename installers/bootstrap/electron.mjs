import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectEnvironment, projectNode, ROOT } from './places.mjs';
import { say } from './say.mjs';

const PACKAGE = join(ROOT, 'node_modules', 'electron');

/** Remembers a fetch that failed, so that the next starts do not wait for it again. */
const FAILURE_STAMP = join(ROOT, 'node_modules', '.sidetone-no-electron');

/** Longest time the fetch may take, in ms: about 120 MB. */
const MAX_FETCH_MS = 180_000;

/** Where it comes from unless a mirror is named, and how long it may take to answer at all, in ms. */
const RELEASE_SERVER = 'https://github.com/electron/electron/releases';
const MAX_ANSWER_MS = 6_000;

/** After a failure it is tried again this much later, in ms: a week. */
const RETRY_AFTER_MS = 7 * 24 * 3_600_000;

/**
 * Electron's program, or null where it is not installed.
 *
 * @returns {string | null}
 */
export function findElectron() {
  try {
    const override = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
    const name = readFileSync(join(PACKAGE, 'path.txt'), 'utf8').trim();
    const path = join(override ?? join(PACKAGE, 'dist'), name);
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

/**
 * Fetches Electron's program, unless a recent try failed.
 *
 * @returns {Promise<string | null>} why it is not there; null when it is
 */
export async function fetchElectron() {
  const advice = '"npx install-electron" tries again';
  if (existsSync(FAILURE_STAMP) && Date.now() - statSync(FAILURE_STAMP).mtimeMs < RETRY_AFTER_MS) {
    return `Electron's program could not be fetched (${advice})`;
  }
  say('Fetching Electron, once …');
  if (await runInstaller()) {
    rmSync(FAILURE_STAMP, { force: true });
    return null;
  }
  writeFileSync(FAILURE_STAMP, '');
  return `Electron's program could not be fetched (${advice})`;
}

/** @returns {Promise<boolean>} */
async function runInstaller() {
  const { env } = process;
  const otherWay = [
    'ELECTRON_MIRROR',
    'npm_config_electron_mirror',
    'HTTPS_PROXY',
    'https_proxy',
    'ALL_PROXY',
  ];
  // Behind a proxy or with a mirror only the installer itself knows whom to ask.
  if (!otherWay.some((name) => env[name]) && !(await answers(RELEASE_SERVER))) return false;
  return new Promise((resolve) => {
    const child = spawn(projectNode(), [join(PACKAGE, 'install.js')], {
      cwd: ROOT,
      env: projectEnvironment(),
      stdio: 'ignore',
    });
    const limit = setTimeout(() => child.kill(), MAX_FETCH_MS);
    const finish = () => {
      clearTimeout(limit);
      resolve(findElectron() !== null);
    };
    child.once('error', finish);
    child.once('exit', finish);
  });
}

/**
 * @param {string} address
 * @returns {Promise<boolean>}
 */
async function answers(address) {
  try {
    await fetch(address, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(MAX_ANSWER_MS) });
    return true;
  } catch {
    return false;
  }
}

/**
 * Why Electron's sandbox cannot work on this Linux, or null.
 *
 * @param {string} electronPath
 * @returns {string | null}
 */
export function sandboxProblem(electronPath) {
  if (process.platform !== 'linux') return null;
  const restricted =
    readSetting('kernel/apparmor_restrict_unprivileged_userns') === '1' ||
    readSetting('kernel/unprivileged_userns_clone') === '0' ||
    readSetting('user/max_user_namespaces') === '0';
  if (!restricted) return null;
  try {
    const { uid, mode } = statSync(join(dirname(electronPath), 'chrome-sandbox'));
    if (uid === 0 && (mode & 0o4000) !== 0) return null;
  } catch {
    // Without the file the sandbox cannot work either.
  }
  return 'this system does not let Electron set up its sandbox';
}

/** @param {string} name */
function readSetting(name) {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return null;
  }
}
