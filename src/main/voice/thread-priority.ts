import { setPriority } from 'node:os';

/**
 * The niceness sound servers give themselves; enough that a compiler on every core does not make a talker stutter.
 */
const SOUND_NICENESS = -11;

/**
 * Asks the system to let this thread run before others. On Linux the request is for the calling thread alone.
 *
 * @returns false where the system does not allow it: sound then competes like any program, which mostly goes well
 */
export function preferThisThread(): boolean {
  // Elsewhere the call speaks of the whole process, the window's rendering included.
  if (process.platform !== 'linux') return false;
  try {
    setPriority(0, SOUND_NICENESS);
    return true;
  } catch {
    return false;
  }
}
