import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Fields of /proc/<pid>/stat behind the name in brackets (proc(5)): state is field 3, utime 14, stime 15. */
const FIRST_FIELD = 3;
const USER_TIME = 14;
const SYSTEM_TIME = 15;

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Processor time of one thread since it began. */
export interface ThreadTime {
  readonly id: string;
  readonly name: string;
  readonly seconds: number;
}

/** Name and processor time out of a stat file of /proc. The name may hold anything, brackets too. */
export function parseStat(text: string, ticksPerSecond: number): { name: string; seconds: number } {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const ticks = [USER_TIME, SYSTEM_TIME].map((field) => Number(fields[field - FIRST_FIELD] ?? 0));
  return {
    name: text.slice(open + 1, close),
    seconds: ticks.reduce((sum, value) => sum + value, 0) / ticksPerSecond,
  };
}

/** Processor time of every thread of a process. */
export function threadTimes(pid: number): ThreadTime[] {
  const times: ThreadTime[] = [];
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    try {
      const text = readFileSync(`/proc/${pid}/task/${id}/stat`, 'utf8');
      times.push({ id, ...parseStat(text, TICKS_PER_SECOND) });
    } catch {
      // It ended while we looked; what it used is in the process's own sum.
    }
  }
  return times;
}

/** Processor time of a whole process, threads that have ended included, in seconds. */
export function processSeconds(pid: number): number {
  return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'), TICKS_PER_SECOND).seconds;
}
