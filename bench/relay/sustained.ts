import type { Run } from './load.ts';

/** Loss that a sustained rate stays below, in percent. */
const MAX_LOSS_PERCENT = 0.1;

/** 99th percentile of the delay that a sustained rate stays below, in ms: overload shows here before it loses anything. */
const MAX_P99_MS = 20;

/** Speakers that are tried first; what lies between the last that went well and the first that did not is then halved. */
const LADDER: readonly number[] = [8, 12, 17, 24, 34, 48, 68, 96];

/** A rate that fails is tried again: a machine is away for a moment, a relay that is overloaded stays so. */
const TRIES = 2;

/** Of the datagrams due in the measured time this share must have arrived in it, or the load was not what it says. */
const MIN_SHARE = 0.97;

/** So often in all, where it was the load generator that was held up. */
const MAX_TRIES = 3;

export interface Sustained {
  /** The most speakers that were carried; 0: not even one. */
  readonly speakers: number;
  /** Datagrams per second that arrived then. */
  readonly rate: number;
  /** Everything that was tried, in words. */
  readonly tries: string;
}

export function isSustained({ lossPercent, p99Ms }: Pick<Run, 'lossPercent' | 'p99Ms'>): boolean {
  return lossPercent < MAX_LOSS_PERCENT && p99Ms < MAX_P99_MS;
}

function isFullLoad({ raw }: Run): boolean {
  return raw.windowDatagrams >= MIN_SHARE * raw.expected;
}

/**
 * Finds the most speakers whom a relay carries.
 *
 * @param attempt runs the load once with so many
 * @param ladder rising
 */
export async function findSustained(
  attempt: (speakers: number) => Promise<Run>,
  ladder: readonly number[] = LADDER,
): Promise<Sustained> {
  const tries: string[] = [];
  let [most, rate] = [0, 0];
  const carries = async (speakers: number): Promise<boolean> => {
    for (let [tried, counted] = [0, 0]; counted < TRIES && tried < MAX_TRIES; tried += 1) {
      const run = await attempt(speakers);
      const carried = isSustained(run) && isFullLoad(run);
      const figures = `${run.lossPercent.toFixed(2)} % lost, p99 ${run.p99Ms.toFixed(1)} ms`;
      tries.push(`${speakers}: ${figures}${run.fault === null ? '' : ` (${run.fault})`}`);
      if (carried && speakers > most) [most, rate] = [speakers, run.rate];
      if (carried) return true;
      if (run.fault === null && !isSustained(run)) counted += 1;
    }
    return false;
  };
  let above: number | null = null;
  for (const speakers of ladder) {
    if (await carries(speakers)) continue;
    above = speakers;
    break;
  }
  while (above !== null && above - most > 1) {
    const middle: number = Math.floor((most + above) / 2);
    if (!(await carries(middle))) above = middle;
  }
  return { speakers: most, rate, tries: tries.join('; ') };
}
