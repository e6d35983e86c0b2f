import type { Load, Protocol } from './load.ts';

/** A relay that runs, as it is measured: by its process. */
export interface RunningContestant {
  readonly pid: number;
  readonly port: number;
  readonly protocol: Protocol;
  /** Lets more members in, all into one channel, and tells the load generator of them. */
  join(count: number, load: Load): Promise<void>;
  /** What must not happen while it is measured, in words; null: nothing did. */
  fault(): string | null;
  stop(): Promise<void>;
}

/** A relay that can be started, with room for `members`. */
export interface Contestant {
  readonly name: string;
  start(folder: string, members: number): Promise<RunningContestant>;
}
