import { resolve } from 'node:path';
import { build } from 'esbuild';
import { listSources } from './source-tree.ts';

/**
 * `npm run check:purity`: bundles every file of src/core for no platform at all, which fails on anything of Node.
 * The clock, chance and timers are globals, not imports: the linter refuses those. An argument names another
 * repository folder.
 */
const root = resolve(process.argv[2] ?? `${import.meta.dirname}/..`);
const entryPoints = listSources(root).filter(
  (path) => path.startsWith('src/core/') && !path.endsWith('.test.ts'),
);
const result = await build({
  absWorkingDir: root,
  entryPoints,
  bundle: true,
  platform: 'neutral',
  format: 'esm',
  mainFields: ['module', 'main'],
  outdir: 'unwritten',
  write: false,
  logLevel: 'error',
}).catch(() => null);
console.log(`${entryPoints.length} files of src/core ${result === null ? 'are not pure' : 'are pure'}`);
process.exitCode = result === null || entryPoints.length === 0 ? 1 : 0;
