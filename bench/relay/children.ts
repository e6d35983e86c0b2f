import type { ChildProcess } from 'node:child_process';

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Ends a child for good when this process exits, however it exits. */
export function endWithThisProcess(child: ChildProcess): void {
  alive.add(child);
  child.once('exit', () => alive.delete(child));
}
