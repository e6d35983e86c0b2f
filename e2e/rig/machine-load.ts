import { readFileSync } from 'node:fs';

/** Columns of the first line of /proc/stat (proc(5)): user nice system idle iowait irq softirq steal. */
const IDLE = 3;
const IOWAIT = 4;
const STEAL = 7;

/** A burst of load shows in pieces of this length, in ms. */
const PIECE_MS = 1_000;

/** Shares of all cores' time between two moments, in percent. */
export type MachineLoad = {
  /** Not idle, whoever used it. */
  readonly busyPercent: number;
  /** The same of the busiest second: near 100, threads had to wait for one another. */
  readonly busiestSecondPercent: number;
  /** Taken by the hypervisor for other machines: sound cannot be steady through much of it. */
  readonly stealPercent: number;
};

type Times = { readonly total: number; readonly idle: number; readonly steal: number };

function parseTimes(text: string): Times {
  const columns = (text.split('\n')[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  const total = columns.reduce((sum, ticks) => sum + ticks, 0);
  return { total, idle: (columns[IDLE] ?? 0) + (columns[IOWAIT] ?? 0), steal: columns[STEAL] ?? 0 };
}

function busyPercent(from: Times, to: Times): number {
  const total = to.total - from.total;
  return total <= 0 ? 0 : (100 * (total - (to.idle - from.idle))) / total;
}

/**
 * Says how busy the machine was since this was called, so that a bad figure can be told from a bad machine.
 *
 * @returns a function that stops watching and gives the load
 */
export function watchLoad(
  read: () => string = () => readFileSync('/proc/stat', 'utf8'),
  everyMs: number = PIECE_MS,
): () => MachineLoad {
  const start = parseTimes(read());
  let last = start;
  let busiest = 0;
  const take = (): void => {
    const now = parseTimes(read());
    busiest = Math.max(busiest, busyPercent(last, now));
    last = now;
  };
  const timer = setInterval(take, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    take();
    const total = last.total - start.total;
    return {
      busyPercent: busyPercent(start, last),
      busiestSecondPercent: busiest,
      stealPercent: total <= 0 ? 0 : (100 * (last.steal - start.steal)) / total,
    };
  };
}
