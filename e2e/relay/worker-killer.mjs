import { existsSync, rmSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** Loaded before the program: a defect in its relay's thread, which strikes when a file is put in its way. */
const trap = process.env.TRAP ?? '';
if (!isMainThread && trap !== '') {
  setInterval(() => {
    if (!existsSync(trap)) return;
    if (!existsSync(`${trap}.stays`)) rmSync(trap);
    throw new Error('a defect that quotes Marker-Reason');
  }, 20).unref();
}
