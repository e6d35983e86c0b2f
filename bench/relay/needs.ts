import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian puts servers, and only root looks. */
const SERVER_FOLDER = '/usr/sbin';

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hasProgram(name: string, searchPath: string): boolean {
  return [...searchPath.split(delimiter), SERVER_FOLDER].some((folder) => isExecutable(join(folder, name)));
}

/** Whether the compiler finds OpenSSL's headers. */
function hasHeaders(): boolean {
  const input = '#include <openssl/evp.h>\n';
  return spawnSync('cc', ['-E', '-x', 'c', '-'], { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}

/** Debian's packages that the comparison takes and that are not here. */
export function missingPackages(searchPath: string = process.env['PATH'] ?? ''): string[] {
  const programs = [
    ['murmurd', 'mumble-server'],
    ['cc', 'gcc'],
    ['openssl', 'openssl'],
  ] as const;
  const missing: string[] = programs
    .filter(([program]) => !hasProgram(program, searchPath))
    .map(([, packageName]) => packageName);
  if (!missing.includes('gcc') && !hasHeaders()) missing.push('libssl-dev');
  return missing;
}
