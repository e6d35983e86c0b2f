import { describe, expect, test } from 'vitest';
import { debianNeeds } from './debian.mjs';
import { systemEnvironment } from './places.mjs';
import { failuresOf, readExit, readReport, readVitest, totals } from './results.mjs';
import { chooseShell } from './shell.mjs';

const desktop = {
  platform: /** @type {const} */ ('linux'),
  env: { DISPLAY: ':0' },
  userId: 1000,
  electronPath: '/electron',
  fetchProblem: null,
  sandboxProblem: null,
};

describe('the shell', () => {
  test('is Electron where it can run', () => {
    expect(chooseShell(desktop)).toEqual({ shell: 'electron', path: '/electron' });
    expect(chooseShell({ ...desktop, env: { WAYLAND_DISPLAY: 'wayland-0' } }).shell).toBe('electron');
    expect(chooseShell({ ...desktop, platform: 'darwin', env: {}, userId: 0 }).shell).toBe('electron');
    expect(chooseShell({ ...desktop, platform: 'win32', env: {}, userId: undefined }).shell).toBe('electron');
  });

  test.each([
    ['there is no display', { env: {} }],
    ['there is no display', { env: { DISPLAY: '' } }],
    ['Electron runs as root only without its sandbox', { userId: 0 }],
    ["Electron's program is not installed", { electronPath: null }],
    ['no network', { electronPath: null, fetchProblem: 'no network' }],
    ['no sandbox', { sandboxProblem: 'no sandbox' }],
  ])('is the browser, because %s', (reason, change) => {
    expect(chooseShell({ ...desktop, ...change })).toEqual({ shell: 'browser', reason });
  });
});

describe('results', () => {
  test('a vitest report counts by tests', () => {
    const text = JSON.stringify({
      numPassedTests: 7,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
    });
    expect(readVitest(1, text)).toEqual({ passed: 7, failed: 1, skipped: 3, notRun: null });
  });

  test('a run that failed without a failed test failed', () => {
    expect(readVitest(1, JSON.stringify({ numPassedTests: 7, numFailedTests: 0 })).failed).toBe(1);
    expect(readVitest(1, '').failed).toBe(1);
    expect(readReport(1, '{"rows":[],"targets":[]}', '').failed).toBe(1);
  });

  test('a run that counted nothing failed', () => {
    expect(readVitest(0, JSON.stringify({ numPassedTests: 0, numFailedTests: 0 })).failed).toBe(1);
    expect(readReport(0, 'no report', '').failed).toBe(1);
  });

  test('a report counts its rows with an outcome and its targets', () => {
    const report = {
      rows: [{ ok: true }, { ok: false }, { figure: 3 }],
      targets: [{ met: true }, { met: true }, { met: false }],
    };
    expect(failuresOf('report', JSON.stringify(report))).toEqual(['{"ok":false}', '{"met":false}']);
    expect(readReport(1, JSON.stringify(report), '')).toEqual({
      passed: 3,
      failed: 2,
      skipped: 0,
      notRun: null,
    });
  });

  test('exit code 3 says that it did not run, and is never silent', () => {
    const result = readReport(3, '', 'missing chromium');
    expect(result).toEqual({ passed: 0, failed: 0, skipped: 1, notRun: 'missing chromium' });
    expect(totals([readExit(0), result])).toBe('1 passed, 0 failed, 1 skipped');
  });

  test('a summary names the tests that failed, and files that could not be loaded', () => {
    const report = {
      testResults: [
        {
          name: 'a.test.ts',
          status: 'failed',
          assertionResults: [
            { status: 'passed', fullName: 'adds' },
            { status: 'failed', fullName: 'subtracts', failureMessages: ['expected 1\n  at x'] },
          ],
        },
        { name: 'b.test.ts', status: 'failed', assertionResults: [] },
        { name: 'c.test.ts', status: 'passed', assertionResults: [] },
      ],
    };
    expect(failuresOf('vitest', JSON.stringify(report))).toEqual([
      'subtracts: expected 1',
      'b.test.ts: could not be loaded',
    ]);
    expect(failuresOf('vitest', '')).toEqual([]);
  });

  test('totals are the sum', () => {
    expect(totals([readExit(0), readExit(2), readExit(0)])).toBe('2 passed, 1 failed');
  });
});

describe('what is needed', () => {
  test('a start asks for a browser only where it would open one', () => {
    const names = (/** @type {boolean} */ opens) =>
      debianNeeds('start', opens, false).flatMap((need) => need.names);
    expect(names(false)).not.toContain('chromium');
    expect(names(true)).toContain('chromium');
    expect(names(false)).toContain('g++');
  });

  test('only what everything stands on is required', () => {
    const required = (/** @type {boolean} */ isBuilt) =>
      debianNeeds('test', false, isBuilt).flatMap((need) => (need.required ? need.names : []));
    expect(required(false)).toEqual(['g++', 'make', 'python3']);
    expect(required(true)).toEqual([]);
  });

  test("npm's own additions leave the search path", () => {
    const env = systemEnvironment({ PATH: '/a/node_modules/.bin:/usr/bin:/x/node_modules/npm/bin:/bin' });
    expect(env.PATH).toBe('/usr/bin:/bin');
  });
});
