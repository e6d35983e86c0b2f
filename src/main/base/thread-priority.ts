import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setPriority } from 'node:os';

/**
 * The niceness sound servers give themselves; enough that a compiler on every core does not make a talker stutter.
 */
const SOUND_NICENESS = -11;

/** Threads of this process, on Linux. */
const THREADS_FOLDER = '/proc/self/task';

/** libuv names the threads of its pool so. */
const POOL_THREAD_NAME = 'libuv-worker';

/** The calling thread, as Linux's setpriority(2) takes it. */
const THIS_THREAD = 0;

function preferThread(threadId: number): void {
  // Elsewhere the call speaks of the whole process, the window's rendering included.
  if (process.platform !== 'linux') return;
  try {
    setPriority(threadId, SOUND_NICENESS);
  } catch {
    // Without the right to it, sound competes like any program, which mostly goes well.
  }
}

function threadName(threadId: string): string {
  try {
    return readFileSync(`${THREADS_FOLDER}/${threadId}/comm`, 'utf8').trim();
  } catch {
    // It ended between the listing and now.
    return '';
  }
}

/** Asks the system to let the calling thread, and what it starts from now on, run before others. */
export function preferThisThread(): void {
  preferThread(THIS_THREAD);
}

/** The same for libuv's pool, in which device bindings wait for the hardware. */
export async function preferPoolThreads(): Promise<void> {
  if (process.platform !== 'linux') return;
  // The pool starts with its first work, all threads at once.
  await stat('/');
  for (const name of readdirSync(THREADS_FOLDER)) {
    if (threadName(name) === POOL_THREAD_NAME) preferThread(Number(name));
  }
}
