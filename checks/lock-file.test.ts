import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { completeLock, missingBinaries } from './lock-file.ts';

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '..', name), 'utf8'));

describe('package-lock.json', () => {
  test('has the binaries of every platform, or npm ci refuses it (npm run lock:complete)', () => {
    expect(missingBinaries(read('package-lock.json'))).toEqual([]);
  });

  test('names no server that packages came from', () => {
    expect(readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8')).not.toContain(
      '"resolved"',
    );
  });

  test('locks the versions package.json names', () => {
    const { dependencies, devDependencies } = read('package.json');
    const root = read('package-lock.json').packages[''];
    expect(root.dependencies).toEqual(dependencies);
    expect(root.devDependencies).toEqual(devDependencies);
  });
});

describe('completing a lock file', () => {
  const lock = {
    packages: {
      'node_modules/tool': {
        version: '1.0.0',
        dev: true,
        optionalDependencies: {
          '@tool/linux-x64': '1.0.0',
          '@tool/linux-arm-musleabihf': '1.0.0',
          '@tool/win32-x64': '1.0.0',
        },
      },
      'node_modules/@tool/linux-x64': { version: '1.0.0' },
    },
  };

  test('adds what is missing, for its platform alone', () => {
    const { packages } = completeLock(lock);
    expect(packages['node_modules/@tool/linux-arm-musleabihf']).toEqual({
      version: '1.0.0',
      dev: true,
      optional: true,
      os: ['linux'],
      cpu: ['arm'],
      libc: ['musl'],
    });
    expect(packages['node_modules/@tool/win32-x64']).toMatchObject({ os: ['win32'], cpu: ['x64'] });
    expect(Object.keys(packages)).toHaveLength(4);
    expect(missingBinaries({ packages })).toEqual([]);
  });

  test.each([
    ['@tool/anything', '1.0.0'],
    ['@tool/linux-x64-gnu', '^1.0.0'],
  ])('refuses to guess about %s@%s', (name, version) => {
    const guess = { packages: { 'node_modules/tool': { optionalDependencies: { [name]: version } } } };
    expect(() => completeLock(guess)).toThrow(name);
  });
});
