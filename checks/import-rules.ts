import { dirname, join, normalize } from 'node:path/posix';
import type { ImportSite } from './read-imports.ts';

/** A source file and what it imports. Paths are relative to the repository, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly imports: readonly ImportSite[];
}

/** A broken rule, where, and what to do about it. */
export interface Violation {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly sentence: string;
}

/** What the layers may import, besides themselves. Tests may use any package, but no further layer. */
const LAYERS: Readonly<Record<string, { layers: readonly string[]; packages: readonly string[] | 'any' }>> = {
  core: { layers: [], packages: ['zod'] },
  contract: { layers: [], packages: ['zod'] },
  preload: { layers: ['contract'], packages: ['electron'] },
  renderer: {
    layers: ['contract'],
    packages: ['react', 'react-dom', 'zustand', 'uplot', 'eventsource-parser', 'opus-decoder'],
  },
  main: { layers: ['contract', 'core'], packages: 'any' },
};

/** The composition roots: entries, which nobody imports. */
const ENTRIES = [
  'src/main/index.ts',
  'src/main/browser.ts',
  'src/main/cli.ts',
  'src/main/bots-worker.ts',
  'src/main/gateways-worker.ts',
  'src/main/mix-worker.ts',
];

/** The one folder of main that its siblings may import; it imports none of them. */
const FOUNDATION = 'base';

/** Where `electron` may be imported. */
const ELECTRON_PLACES = ['src/main/shell/electron/', 'src/main/index.ts', 'src/preload/'];

/** The one file outside `src` that sources read: the version stands in it. */
const PACKAGE_FILE = 'package.json';

/** Checks every import against the rules of the layers (docs/architecture.md), and the whole for cycles. */
export function checkImportRules(files: readonly SourceFile[]): Violation[] {
  const known = new Set(files.map((file) => file.path));
  const violations: Violation[] = [];
  for (const file of files) {
    for (const site of file.imports) {
      const broken = isRelative(site.specifier)
        ? brokenByFile(file.path, resolve(file.path, site.specifier), known)
        : brokenByPackage(file.path, site.specifier);
      if (broken !== null) violations.push({ ...broken, path: file.path, line: site.line });
    }
  }
  return [...violations, ...findCycles(files)];
}

type Broken = Pick<Violation, 'rule' | 'sentence'>;

function brokenByFile(from: string, to: string, known: ReadonlySet<string>): Broken | null {
  if (ENTRIES.includes(to)) {
    return broken('entry', `${to} is an entry: nobody imports it`);
  }
  if (isTest(to) && !isTest(from)) return broken('test', `${to} is a test: only tests import it`);
  const layer = layerOf(from);
  if (layer === null) return null;
  if (to === PACKAGE_FILE && layer === 'main') return null;
  const target = layerOf(to);
  // A test may read a document or a recording from anywhere in the repository, as data.
  if (target === null && isTest(from) && !isSource(to)) return null;
  if (target === null) return broken('outside', `${to} is outside of src`);
  const allowed = LAYERS[layer]?.layers ?? [];
  if (target !== layer && !allowed.includes(target)) {
    return broken(`layer:${layer}`, `${layer} may not import ${target} (${to})`);
  }
  if (isSource(to) && !known.has(to)) return broken('missing', `${to} does not exist`);
  return layer === 'main' && target === 'main' ? brokenBySibling(from, to) : null;
}

function brokenBySibling(from: string, to: string): Broken | null {
  const own = folderOfMain(from);
  const other = folderOfMain(to);
  // Files directly in src/main are the composition root, which may import every folder.
  if (own === null || own === other || other === FOUNDATION) return null;
  return broken('sibling', `src/main/${own} may not import ${to}: siblings meet in the composition root`);
}

function brokenByPackage(from: string, specifier: string): Broken | null {
  const layer = layerOf(from);
  if (layer === null) return null;
  const name = packageOf(specifier);
  if (name === 'electron') {
    if (ELECTRON_PLACES.some((place) => from.startsWith(place))) return null;
    return broken('electron', `only ${ELECTRON_PLACES.join(', ')} may import electron`);
  }
  const allowed = LAYERS[layer]?.packages ?? [];
  if (allowed === 'any' || isTest(from) || allowed.includes(name)) return null;
  return broken(`package:${layer}`, `${layer} may not import ${specifier}`);
}

/** Every group of files that import each other, once, told at its first file. */
function findCycles(files: readonly SourceFile[]): Violation[] {
  const imports = new Map(
    files.map((file) => [
      file.path,
      file.imports
        .filter((site) => isRelative(site.specifier))
        .map((site) => resolve(file.path, site.specifier)),
    ]),
  );
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];
  const violations: Violation[] = [];
  const visit = (path: string): void => {
    if (state.get(path) === 'done' || !imports.has(path)) return;
    if (state.get(path) === 'open') {
      const cycle = [...trail.slice(trail.indexOf(path)), path];
      violations.push({ ...broken('cycle', cycle.join(' -> ')), path, line: 1 });
      return;
    }
    state.set(path, 'open');
    trail.push(path);
    for (const next of imports.get(path) ?? []) visit(next);
    trail.pop();
    state.set(path, 'done');
  };
  for (const file of files) visit(file.path);
  return violations;
}

function broken(rule: string, sentence: string): Broken {
  return { rule, sentence };
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('./') || specifier.startsWith('../') || specifier.startsWith('/');
}

function resolve(from: string, specifier: string): string {
  // Vite's `?url` and the like name the same file.
  return normalize(join(dirname(from), specifier.replace(/\?.*$/, '')));
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return (specifier.startsWith('@') ? parts.slice(0, 2) : parts.slice(0, 1)).join('/');
}

function layerOf(path: string): string | null {
  const layer = /^src\/([^/]+)\//.exec(path)?.[1];
  return layer !== undefined && Object.hasOwn(LAYERS, layer) ? layer : null;
}

function folderOfMain(path: string): string | null {
  return /^src\/main\/([^/]+)\//.exec(path)?.[1] ?? null;
}

function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}

function isSource(path: string): boolean {
  return /\.tsx?$/.test(path);
}
