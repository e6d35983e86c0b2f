/** How often the parent is looked for, in ms. */
const LOOK_EVERY_MS = 500;

/**
 * Calls back once when the process that started this one is gone.
 *
 * npm starts scripts through a shell, which ends at a signal and does not pass it on: whoever ends npm would
 * otherwise leave the program running, and the microphone with it.
 *
 * @param {() => void} callback
 */
export function whenOrphaned(callback) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, LOOK_EVERY_MS);
  timer.unref();
}
