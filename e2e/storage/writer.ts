import { writeSync } from 'node:fs';
import { createRng } from '../../src/core/base/rng.ts';
import { RelayDatabase } from '../../src/main/relay/relay-database.ts';
import { defaultChannels } from '../../src/main/relay/room-defaults.ts';
import { applyChange, ChangeSource } from './changes.ts';

/** Standard output, which is a file: written at once, in one call, and never full. */
const LOG = 1;

/**
 * Writes to a relay's database as fast as it can, until it is killed. Its log says `?` and the change before each
 * one, and `!` when the call has returned: what follows a `?` without a `!` may be there or not, whole.
 */
function main(): void {
  const [path, migrationsFolder, seed] = process.argv.slice(2);
  if (path === undefined || migrationsFolder === undefined)
    throw new Error('usage: writer.ts <path> <migrations> <seed>');
  const database = new RelayDatabase({ path, migrationsFolder });
  const source = new ChangeSource(createRng(Number(seed)), database.snapshot(defaultChannels()));
  for (;;) {
    const change = source.next();
    writeSync(LOG, `?${JSON.stringify(change)}\n`);
    applyChange(database, change);
    writeSync(LOG, '!\n');
  }
}

main();
