import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setPriority } from 'node:os';

/**
 * The niceness sound servers give themselves; enough that a compiler on every core does not make a talker stutter.
 */
const SOUND_NICENESS = -11;

/** Threads of this process, on Linux. */
const THREADS_FOLDER = '/proc/self/task';

/** libuv names its pool threads so; the device binding waits for the hardware in them. */
const POOL_THREAD_NAME = 'libuv-worker';

function preferThread(threadId: number): void {
  try {
    setPriority(threadId, SOUND_NICENESS);
  } catch {
    // Without the right to it, sound competes like any program, which mostly goes well.
  }
}

/**
 * Asks the system to let the threads that carry sound between rings and devices run before others: the calling
 * one, what it starts from now on (PortAudio's own), and libuv's pool.
 */
export async function preferDeviceThreads(): Promise<void> {
  // Elsewhere the call speaks of the whole process, the window's rendering included.
  if (process.platform !== 'linux') return;
  preferThread(0);
  // The pool starts with its first work, all threads at once.
  await stat('/');
  for (const name of readdirSync(THREADS_FOLDER)) {
    if (threadName(name) === POOL_THREAD_NAME) preferThread(Number(name));
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
