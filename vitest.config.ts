import { defineConfig } from 'vitest/config';

const deviceTests = ['src/**/*.device.test.ts'];
const bootedTests = ['e2e/electron-double/**/*.test.ts'];

/** Three kinds of tests: pure ones, those that need a sound server or a screen, those that boot the built program. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.{ts,tsx}',
            'e2e/**/*.test.ts',
            'bench/**/*.test.ts',
            'checks/**/*.test.ts',
            'installers/**/*.test.mjs',
          ],
          exclude: [...deviceTests, ...bootedTests],
        },
      },
      {
        test: {
          name: 'device',
          include: deviceTests,
          fileParallelism: false,
          // As with everything that is measured on real devices: a machine that others use can be away for seconds.
          retry: 2,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'electron-double',
          include: bootedTests,
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
