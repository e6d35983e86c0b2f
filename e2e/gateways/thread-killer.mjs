import { existsSync, readFileSync, rmSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

/** Loaded before the program: gives one of its threads a defect when a file that names the thread is put in its way. */
const trap = process.env.TRAP ?? '';

/** What only that thread is given. */
const MARKS = { relay: 'databasePath', gateways: 'webPort', members: 'certificateSha256' };

if (!isMainThread && trap !== '') {
  const own = Object.keys(MARKS).find((name) => Object.hasOwn(Object(workerData), MARKS[name]));
  setInterval(() => {
    if (own === undefined || !existsSync(trap) || readFileSync(trap, 'utf8') !== own) return;
    rmSync(trap);
    throw new Error('a defect that quotes Marker-Reason');
  }, 20).unref();
}
