/**
 * Starts a stop-watch of processor time: what this process used, all its threads, whoever else shares the machine.
 *
 * @returns reads it, in microseconds
 */
export function startProcessorTime(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
}
