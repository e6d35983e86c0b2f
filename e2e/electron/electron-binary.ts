import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Where Electron's binary lies, or why there is none. */
export type ElectronBinary =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly reason: string };

/**
 * Looks for Electron's binary the way its own package does, but never downloads it: importing the package
 * would.
 */
export function findElectron(
  environment: NodeJS.ProcessEnv = process.env,
  folder: string = packageFolder(),
): ElectronBinary {
  const pathFile = join(folder, 'path.txt');
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8').trim() : 'electron';
  const path = join(environment.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), name);
  if (existsSync(path)) return { ok: true, path };
  return { ok: false, reason: 'the Electron binary is not installed (npx install-electron fetches it)' };
}

function packageFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('electron/package.json'));
}
