import { readFileSync } from 'node:fs';

/** Columns of the first line of /proc/stat (proc(5)): user nice system idle iowait irq softirq steal. */
const IDLE = 3;
const IOWAIT = 4;
const STEAL = 7;

/** Shares of all cores' time between two moments, in percent. */
export type MachineLoad = {
  /** Not idle, whoever used it. */
  readonly busyPercent: number;
  /** Taken by the hypervisor for other machines: sound cannot be steady through much of it. */
  readonly stealPercent: number;
};

type Times = { readonly total: number; readonly idle: number; readonly steal: number };

function parseTimes(text: string): Times {
  const columns = (text.split('\n')[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  const total = columns.reduce((sum, ticks) => sum + ticks, 0);
  return { total, idle: (columns[IDLE] ?? 0) + (columns[IOWAIT] ?? 0), steal: columns[STEAL] ?? 0 };
}

/** Says how busy the machine was since this was called, so that a bad figure can be told from a bad machine. */
export function watchLoad(read: () => string = () => readFileSync('/proc/stat', 'utf8')): () => MachineLoad {
  const start = parseTimes(read());
  return () => {
    const end = parseTimes(read());
    const total = end.total - start.total;
    if (total <= 0) return { busyPercent: 0, stealPercent: 0 };
    return {
      busyPercent: (100 * (total - (end.idle - start.idle))) / total,
      stealPercent: (100 * (end.steal - start.steal)) / total,
    };
  };
}
