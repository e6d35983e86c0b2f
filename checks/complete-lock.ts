import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completeLock, missingBinaries } from './lock-file.ts';

/** `npm run lock:complete`, after every change of dependencies: see lock-file.ts. */
const path = join(import.meta.dirname, '../package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));
const missing = missingBinaries(lock);
if (missing.length > 0) writeFileSync(path, `${JSON.stringify(completeLock(lock), null, 2)}\n`);
console.log(`${missing.length} binaries for other platforms were missing and are in package-lock.json now`);
