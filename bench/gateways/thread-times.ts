import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** How Node names the threads that a program starts (proc(5), comm). */
const WORKER_NAME = 'WorkerThread';

/** Of sound and of the relay (src/main/base/thread-priority.ts). */
const SOUND_NICENESS = -11;

const NANOSECONDS_PER_MS = 1e6;

/** What the scheduler counted of one thread so far, in ms (proc(5), schedstat). */
export interface ThreadTimes {
  /** On a processor. */
  readonly ranMs: number;
  /** Ready to run, and others ran: what the rest of the machine costs this thread. */
  readonly waitedMs: number;
}

/** @throws Error when the thread is gone */
export function timesOf(pid: number, thread: number): ThreadTimes {
  const [ran = Number.NaN, waited = Number.NaN] = readFileSync(
    `/proc/${pid}/task/${thread}/schedstat`,
    'utf8',
  )
    .split(' ')
    .map(Number);
  return { ranMs: ran / NANOSECONDS_PER_MS, waitedMs: waited / NANOSECONDS_PER_MS };
}

/** Ids of the worker threads of a Node process, in the order in which they were started. */
export function workerThreads(pid: number): number[] {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder)
    .filter((thread) => {
      try {
        return readFileSync(`${folder}/${thread}/comm`, 'utf8').trim() === WORKER_NAME;
      } catch {
        // It ended while we looked.
        return false;
      }
    })
    .map(Number)
    .toSorted((a, b) => a - b);
}

/** @returns whether we had the right to it */
export function preferThread(thread: number): boolean {
  try {
    setPriority(thread, SOUND_NICENESS);
    return true;
  } catch {
    return false;
  }
}
