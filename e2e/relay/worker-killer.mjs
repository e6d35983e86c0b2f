import { existsSync, rmSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** How long the relay's thread hangs, in ms. */
const HANG_MS = 4_000;

/** Loaded before the program: defects of its threads, which strike when files are put in their way. */
const trap = process.env.TRAP ?? '';
if (isMainThread && trap !== '') {
  setInterval(() => {
    if (existsSync(`${trap}.main`)) throw new Error('a defect that quotes Marker-Reason');
  }, 20).unref();
}
if (!isMainThread && trap !== '') {
  setInterval(() => {
    if (!existsSync(trap)) return;
    if (!existsSync(`${trap}.stays`)) rmSync(trap);
    if (!existsSync(`${trap}.hangs`)) throw new Error('a defect that quotes Marker-Reason');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HANG_MS);
  }, 20).unref();
}
