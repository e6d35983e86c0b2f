import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile } from './import-rules.ts';
import { readImports } from './read-imports.ts';

/** Folders with TypeScript of ours. */
const FOLDERS = ['src', 'e2e', 'bench', 'checks', 'installers'];

/** Paths of all TypeScript files below the repository's source folders, relative to `root`, sorted. */
export function listSources(root: string): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (/\.tsx?$/.test(entry.name)) found.push(path);
    }
  };
  const present = new Set(readdirSync(root));
  for (const folder of FOLDERS) if (present.has(folder)) walk(folder);
  return found.sort();
}

/**
 * Every source file with its imports.
 *
 * @throws Error where a file cannot be parsed
 */
export function readSources(root: string): SourceFile[] {
  return listSources(root).map((path) => ({
    path,
    imports: readImports(path, readFileSync(join(root, path), 'utf8')),
  }));
}
