/**
 * One part of the tests: a script of package.json and how its result is read.
 *
 * - `exit`: passes or fails as a whole
 * - `vitest`: counted by tests
 * - `report`: prints one JSON document with rows and targets; exit code 3 says that it could not run here
 *
 * @typedef {{
 *   name: string,
 *   script: string,
 *   reads: 'exit' | 'vitest' | 'report',
 *   args?: readonly string[],
 *   env?: Readonly<Record<string, string>>,
 *   needsBuild?: boolean,
 *   maxMinutes: number,
 * }} Step
 */

/** Everything that needs no sound device and no screen. @type {readonly Step[]} */
export const CHECK_STEPS = [
  { name: 'types', script: 'check:types', reads: 'exit', maxMinutes: 5 },
  { name: 'lint and format', script: 'check:lint', reads: 'exit', maxMinutes: 2 },
  { name: 'import rules', script: 'check:imports', reads: 'exit', maxMinutes: 2 },
  { name: 'purity of the core', script: 'check:purity', reads: 'exit', maxMinutes: 2 },
  { name: 'unused code', script: 'check:unused', reads: 'exit', maxMinutes: 3 },
  { name: 'build', script: 'build', reads: 'exit', maxMinutes: 5 },
  { name: 'unit tests', script: 'test:unit', reads: 'vitest', maxMinutes: 10 },
];

/** What needs sound, a screen or the built program. @type {readonly Step[]} */
export const DEVICE_STEPS = [
  { name: 'tests on devices', script: 'test:device', reads: 'vitest', maxMinutes: 10 },
  {
    name: "main against Electron's double",
    script: 'test:electron-double',
    reads: 'vitest',
    needsBuild: true,
    maxMinutes: 5,
  },
  {
    name: 'storage, killed 200 times',
    script: 'e2e:storage',
    reads: 'report',
    args: ['--json'],
    needsBuild: true,
    maxMinutes: 10,
  },
  {
    name: 'hostile peers at the relay',
    script: 'e2e:hostile',
    reads: 'report',
    args: ['--json'],
    needsBuild: true,
    maxMinutes: 10,
  },
  {
    name: 'a room on a server',
    script: 'e2e:relay',
    reads: 'report',
    args: ['--json'],
    needsBuild: true,
    maxMinutes: 8,
  },
  {
    name: 'the dashboard',
    script: 'e2e:admin',
    reads: 'report',
    args: ['--json'],
    needsBuild: true,
    maxMinutes: 8,
  },
  {
    name: 'two people talk',
    script: 'e2e:voice',
    reads: 'report',
    args: ['--json'],
    needsBuild: true,
    maxMinutes: 20,
  },
  {
    name: 'one minute of soak',
    script: 'e2e:soak',
    reads: 'report',
    args: ['--json', '--minutes', '1'],
    needsBuild: true,
    maxMinutes: 6,
  },
  {
    name: 'listening and publishing',
    script: 'e2e:gateways',
    reads: 'report',
    args: ['--json'],
    needsBuild: true,
    maxMinutes: 25,
  },
  {
    name: 'the window in Electron',
    script: 'e2e:electron',
    reads: 'report',
    args: ['--json'],
    // So that it says by its exit code that it did not run, instead of passing.
    env: { SIDETONE_REQUIRE_ELECTRON: '1' },
    needsBuild: true,
    maxMinutes: 8,
  },
];
