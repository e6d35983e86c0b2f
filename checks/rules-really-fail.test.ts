import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The checks as `npm run check` runs them, on a copy of the sources with one rule broken at a time. */
const root = resolve(import.meta.dirname, '..');
const binaries = join(root, 'node_modules/.bin');
let copy: string;
/** What is broken before a test breaks more: nothing, in a finished tree. */
let before: string[];

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'sidetone-rules-'));
  for (const name of ['src', 'checks', 'biome.json', '.gitignore', 'package.json', 'tsconfig.base.json']) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  before = brokenLines((await checkImports()).output);
});

afterAll(async () => {
  await rm(copy, { recursive: true, force: true });
});

function run(program: string, args: string[], folder: string): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    execFile(program, args, { cwd: folder }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      done({ code, output: stdout + stderr });
    });
  });
}

const checkImports = () => run(join(binaries, 'node'), [join(root, 'checks/check-imports.ts'), copy], root);
const checkPurity = () => run(join(binaries, 'node'), [join(root, 'checks/check-purity.ts'), copy], root);

function brokenLines(output: string): string[] {
  return output.split('\n').filter((line) => /^\S+:\d+ \S+: /.test(line));
}

/** Adds files to the copy, or lines to the end of files that are there, and takes them back afterwards. */
async function withLines<T>(lines: Record<string, string>, check: () => Promise<T>): Promise<T> {
  const contents = new Map<string, string | null>();
  for (const [path, text] of Object.entries(lines)) {
    const file = join(copy, path);
    const old = await readFile(file, 'utf8').catch(() => null);
    contents.set(file, old);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${old ?? ''}\n${text}\n`);
  }
  try {
    return await check();
  } finally {
    for (const [file, old] of contents) {
      if (old === null) await rm(file);
      else await writeFile(file, old);
    }
  }
}

describe('import rules', () => {
  test('hold in the sources as they are', async () => {
    const result = await checkImports();
    expect(brokenLines(result.output)).toEqual([]);
    expect(result.code).toBe(0);
  });

  test.each([
    ['core imports contract', 'layer:core', 'src/core/bad.ts', "export * from '../contract/dto.ts';"],
    ['core imports main', 'layer:core', 'src/core/bad.ts', "import '../main/ipc/router.ts';"],
    [
      'core imports a type of main',
      'layer:core',
      'src/core/bad.ts',
      "export type R = import('../main/ipc/router.ts').Router;",
    ],
    ['core imports a package', 'package:core', 'src/core/bad.ts', "import 'ws';"],
    ['core imports node', 'package:core', 'src/core/bad.ts', "import 'node:fs';"],
    ['a test of core imports main', 'layer:core', 'src/core/bad.test.ts', "import '../main/ipc/router.ts';"],
    ['contract imports core', 'layer:contract', 'src/contract/bad.ts', "import '../core/base/assert.ts';"],
    ['contract imports a package', 'package:contract', 'src/contract/bad.ts', "import 'react';"],
    ['preload imports core', 'layer:preload', 'src/preload/bad.ts', "import '../core/base/assert.ts';"],
    ['preload imports zod', 'package:preload', 'src/preload/bad.ts', "import 'zod';"],
    ['renderer imports core', 'layer:renderer', 'src/renderer/bad.tsx', "import '../core/base/assert.ts';"],
    [
      'renderer imports main, lazily',
      'layer:renderer',
      'src/renderer/bad.ts',
      "await import('../main/ipc/router.ts');",
    ],
    ['renderer imports node', 'package:renderer', 'src/renderer/bad.ts', "import 'node:fs';"],
    ['renderer imports electron', 'electron', 'src/renderer/bad.ts', "import 'electron';"],
    [
      'main imports renderer',
      'layer:main',
      'src/main/ipc/bad.ts',
      "import '../../renderer/browser-bridge.ts';",
    ],
    [
      'a folder of main imports its sibling',
      'sibling',
      'src/main/store/bad.ts',
      "import '../ipc/router.ts';",
    ],
    [
      'a folder of main imports a worker of its sibling',
      'sibling',
      'src/main/store/bad.ts',
      "new URL('../relay/relay-worker.ts', import.meta.url);",
    ],
    [
      'the foundation of main imports one of its users',
      'sibling',
      'src/main/base/bad.ts',
      "import '../ipc/router.ts';",
    ],
    ['the browser shell imports electron', 'electron', 'src/main/shell/browser/bad.ts', "import 'electron';"],
    [
      'compose imports electron',
      'electron',
      'src/main/compose.ts',
      "import type { App as E } from 'electron';",
    ],
    ['a folder of main imports an entry', 'entry', 'src/main/ipc/bad.ts', "import '../index.ts';"],
    ['a test imports an entry', 'entry', 'src/main/bad.test.ts', "import './browser.ts';"],
    ['a source imports a test', 'test', 'src/main/ipc/router.ts', "import './other.test.ts';"],
    [
      'a source imports from outside of src',
      'outside',
      'src/main/ipc/router.ts',
      "import '../../../checks/import-rules.ts';",
    ],
    ['an import leads nowhere', 'missing', 'src/main/ipc/router.ts', "import './nowhere.ts';"],
    ['a file imports itself', 'cycle', 'src/core/bad.ts', "export * from './bad.ts';"],
  ])('%s: %s', async (_title, rule, path, text) => {
    const result = await withLines({ [path]: text }, checkImports);
    const added = brokenLines(result.output).filter((line) => !before.includes(line));
    expect(added).toEqual([expect.stringContaining(` ${rule}: `)]);
    expect(result.code).toBe(1);
  });

  test('three files in a circle are a cycle', async () => {
    const files = {
      'src/core/a.ts': "import './b.ts';",
      'src/core/b.ts': "import type { C } from './c.ts';",
      'src/core/c.ts': "export { a } from './a.ts';",
    };
    const result = await withLines(files, checkImports);
    expect(result.output).toContain(
      'cycle: src/core/a.ts -> src/core/b.ts -> src/core/c.ts -> src/core/a.ts',
    );
    expect(result.code).toBe(1);
  });

  test('a file that cannot be parsed fails the check', async () => {
    expect((await withLines({ 'src/core/bad.ts': 'import {' }, checkImports)).code).not.toBe(0);
  });
});

describe('purity of src/core', () => {
  test('holds in the sources as they are', async () => {
    expect(await checkPurity()).toMatchObject({ code: 0 });
  });

  test.each(['node:fs', 'fs', 'node:crypto'])('an import of %s fails the bundle', async (name) => {
    const text = `import * as bad from '${name}'; export const held = bad;`;
    expect(await withLines({ 'src/core/bad.ts': text }, checkPurity)).toMatchObject({ code: 1 });
  });

  test.each([
    ['Date', 'export const nowMs = Date.now();'],
    ['Date', 'export const today = new Date();'],
    ['performance', 'export const nowMs = performance.now();'],
    ['Math.random', 'export const chance = Math.random();'],
    ['setTimeout', 'setTimeout(() => {}, 1);'],
    ['console', "console.log('x');"],
    ['process', 'export const name = process.title;'],
    ['Buffer', 'export const bytes = Buffer.alloc(1);'],
    ['crypto', 'export const id = crypto.randomUUID();'],
    ['globalThis', 'export const nowMs = globalThis.Date.now();'],
  ])('a use of %s fails the linter: %s', async (_name, text) => {
    const lint = () => run(join(binaries, 'biome'), ['lint', '--error-on-warnings', 'src/core/bad.ts'], copy);
    expect(await withLines({ 'src/core/bad.ts': 'export const fine = 1;' }, lint)).toMatchObject({ code: 0 });
    expect((await withLines({ 'src/core/bad.ts': text }, lint)).code).not.toBe(0);
  });
});
