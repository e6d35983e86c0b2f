import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUTPUT, systemEnvironment } from './places.mjs';
import { runLogged, StepFailed, say } from './say.mjs';

/**
 * A Debian package, under all names it has had, and the part of Sidetone that does not work without it.
 *
 * @typedef {{ names: readonly string[], part: string, required: boolean }} Need
 */

/**
 * @param {string} part
 * @param {boolean} required
 * @param {readonly string[]} packages each one name, or several of which the first known one is taken: `a|b`
 * @returns {Need[]}
 */
function needs(part, required, packages) {
  return packages.map((names) => ({ names: names.split('|'), part, required }));
}

/** Newer releases gave libraries a new name when their time type grew ("t64"). */
const RUN_NEEDS = [
  ...needs('building the sound libraries', true, ['g++', 'make', 'python3']),
  ...needs('sound', false, ['libasound2|libasound2t64', 'libasound2-plugins']),
  ...needs('the global push-to-talk key', false, ['libx11-6', 'libxtst6', 'libxt6|libxt6t64', 'libxrandr2']),
];

const WINDOW_NEEDS = needs('the window of its own', false, ['chromium']);

const TEST_NEEDS = [
  ...needs('tests on sound devices', false, [
    'pulseaudio',
    'pulseaudio-utils',
    'alsa-utils',
    'espeak-ng',
    'sox',
  ]),
  ...needs('tests with players and publishers', false, [
    'butt',
    'curl',
    'ffmpeg',
    'gstreamer1.0-plugins-bad',
    'gstreamer1.0-plugins-base',
    'gstreamer1.0-plugins-good',
    'gstreamer1.0-tools',
    'liquidsoap',
    'opus-tools',
    'python3-aiortc',
    'vlc-bin',
    'vlc-plugin-base',
  ]),
  ...needs('tests with windows and keys', false, [
    'chromium',
    'fonts-dejavu-core',
    'openbox',
    'x11-utils',
    'xdotool',
    'xvfb',
  ]),
];

/** What single measurements need besides: programs that Sidetone is compared with. */
const MEASUREMENT_NEEDS = new Map([
  [
    'bench/mouth-to-ear/run.ts',
    needs('the comparison with Mumble', false, ['mumble', 'mumble-server', 'openssl']),
  ],
  ['bench/gateways/run.ts', needs('the comparison with Icecast', false, ['ffmpeg', 'icecast2'])],
  [
    'bench/relay/run.ts',
    needs('the comparison with Mumble', false, ['mumble-server', 'libssl-dev', 'openssl']),
  ],
]);

/**
 * What one measurement needs from Debian, beside what tests need.
 *
 * @param {string} script
 * @returns {readonly Need[]}
 */
export function measurementNeeds(script) {
  return MEASUREMENT_NEEDS.get(script) ?? [];
}

/**
 * What a command needs from Debian.
 *
 * @param {'start' | 'check' | 'test'} command
 * @param {boolean} opensBrowser a display is there on which `start` may open a browser window
 * @param {boolean} isBuilt the native libraries are built already, and need no compiler any more
 * @returns {Need[]}
 */
export function debianNeeds(command, opensBrowser, isBuilt) {
  const run = RUN_NEEDS.filter((need) => !(need.required && isBuilt));
  if (command === 'test') return [...run, ...TEST_NEEDS];
  return opensBrowser && command === 'start' ? [...run, ...WINDOW_NEEDS] : run;
}

/** Whether this system installs its packages with apt. */
function isDebianLike() {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return false;
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/**
 * The needs that are not installed.
 *
 * @param {readonly Need[]} wanted
 * @returns {Need[]}
 */
function missingNeeds(wanted) {
  const names = wanted.flatMap((need) => need.names);
  const fields = ['Package', 'db:Status-Status'].map((field) => `\${${field}}`).join(' ');
  const query = spawnSync('dpkg-query', ['-W', '-f', `${fields}\n`, ...names], {
    encoding: 'utf8',
  });
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return wanted.filter((need) => !need.names.some((name) => installed.has(name)));
}

/**
 * Sees to it that the needs are there: installs them where it may, and says exactly what is missing where not.
 *
 * @param {readonly Need[]} wanted
 * @returns {Promise<void>}
 * @throws {StepFailed} where something is missing without which nothing works
 */
export async function ensureDebianPackages(wanted) {
  if (process.platform !== 'linux') return;
  if (!isDebianLike()) {
    checkWithoutDebian(wanted);
    return;
  }
  const missing = missingNeeds(wanted);
  if (missing.length === 0) return;
  if (process.geteuid?.() === 0) {
    await installAsRoot(missing);
    return;
  }
  const command = `sudo apt-get install -y --no-install-recommends ${firstNames(missing)}`;
  say(`Some Debian packages are missing, and only root may install them. This command does:\n  ${command}`);
  tellWhatFails(missing);
}

/** @param {readonly Need[]} missing */
async function installAsRoot(missing) {
  const env = { ...systemEnvironment(), DEBIAN_FRONTEND: 'noninteractive' };
  // Another program may be installing something: it is waited for instead of failing.
  const waitForLock = ['-o', 'DPkg::Lock::Timeout=300'];
  try {
    await runLogged('Reading the list of Debian packages', 'apt-get', [...waitForLock, 'update'], {
      cwd: '/',
      env,
      logPath: join(OUTPUT, 'apt-update.log'),
    });
  } catch {
    say('  The list could not be read anew; the old one is used.');
  }
  // One name this release does not know would keep apt from installing all the others.
  const names = missing.flatMap((need) => candidateName(need) ?? []);
  try {
    await runLogged(
      `Installing from Debian: ${names.join(' ')}`,
      'apt-get',
      [...waitForLock, 'install', '-y', '--no-install-recommends', ...names],
      { cwd: '/', env, logPath: join(OUTPUT, 'apt-install.log') },
    );
  } catch (error) {
    say(error instanceof StepFailed ? error.message : String(error));
  }
  tellWhatFails(missingNeeds(missing));
}

/**
 * The name under which this release knows the package, or null.
 *
 * @param {Need} need
 * @returns {string | null}
 */
function candidateName(need) {
  const known = need.names.find((name) => {
    const policy = spawnSync('apt-cache', ['policy', name], { encoding: 'utf8' });
    return /^ {2}Candidate: (?!\(none\))/m.test(policy.stdout ?? '');
  });
  return known ?? null;
}

/**
 * On other systems only what everything stands on is looked for, by trying it.
 *
 * @param {readonly Need[]} wanted
 */
function checkWithoutDebian(wanted) {
  const missing = ['g++', 'make', 'python3'].filter(
    (name) => spawnSync(name, ['--version']).error !== undefined,
  );
  if (missing.length === 0) return;
  tellWhatFails(wanted.filter((need) => missing.includes(firstName(need))));
}

/**
 * @param {readonly Need[]} missing
 * @throws {StepFailed} where one of them is required
 */
function tellWhatFails(missing) {
  /** @type {Map<string, Need[]>} */
  const parts = new Map();
  for (const need of missing) parts.set(need.part, [...(parts.get(need.part) ?? []), need]);
  for (const [part, of] of parts) say(`  Without ${firstNames(of)}: ${part} will not work.`);
  const required = missing.filter((need) => need.required);
  if (required.length > 0) {
    throw new StepFailed(
      `Sidetone cannot be built without ${firstNames(required)}. Install them and try again.`,
    );
  }
}

/** @param {Need} need */
function firstName(need) {
  return need.names[0] ?? '';
}

/** @param {readonly Need[]} of */
function firstNames(of) {
  return of.map(firstName).join(' ');
}
