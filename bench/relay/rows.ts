import type { Row } from '../report.ts';
import type { Run } from './load.ts';
import { spreadOf } from './statistics.ts';
import type { Sustained } from './sustained.ts';

/** Members and speakers of a room. */
export interface Setting {
  readonly members: number;
  readonly speakers: number;
}

/** One run of one relay in one round. */
export interface Measured {
  readonly round: number;
  readonly relay: string;
  readonly setting: Setting;
  readonly run: Run;
  /** It was measured again, because the load generator was held up: this one stands here, but in no median. */
  readonly repeated: boolean;
  readonly fault: string | null;
}

/** What one relay sustained in one round, and what it cost while nobody spoke. */
export interface MeasuredSustained {
  readonly round: number;
  readonly relay: string;
  readonly sustained: Sustained;
  /** Processor time with everybody there and nobody speaking, in percent of one core. */
  readonly idlePercent: number;
  readonly fault: string | null;
}

export function nameOf({ members, speakers }: Setting): string {
  return `${members}/${speakers}`;
}

/** Everything that was measured, one row each: nothing is left out. */
export function runRow({ round, relay, setting, run, repeated, fault }: Measured): Row {
  return {
    check: `${nameOf(setting)} round ${round}${repeated ? ', repeated' : ''}`,
    relay,
    cpuUs: run.cpuUs,
    p50Ms: run.p50Ms,
    p99Ms: run.p99Ms,
    maxMs: run.maxMs,
    lossPercent: run.lossPercent,
    mostLostByOne: run.raw.mostLostByOne,
    duplicates: run.raw.duplicates,
    rate: Math.round(run.rate),
    relayPercent: run.relayPercent,
    loadPercent: run.loadPercent,
    loadDrops: run.raw.ownDrops,
    loadLateP99Ms: run.raw.lateP99Us / 1_000,
    fault: run.fault ?? fault,
  };
}

export function sustainedRow({ round, relay, sustained, idlePercent, fault }: MeasuredSustained): Row {
  return {
    check: `sustained round ${round}`,
    relay,
    speakers: sustained.speakers,
    rate: Math.round(sustained.rate),
    idlePercent,
    tries: sustained.tries,
    fault,
  };
}

function range(values: readonly number[]): string {
  const { least, most } = spreadOf(values);
  return `${Number(least.toPrecision(3))} to ${Number(most.toPrecision(3))}`;
}

/** Medians of one relay in one setting, with what they lie between. */
export function summaryRow(measured: readonly Measured[], relay: string, setting: Setting): Row | null {
  const counted = ofRelay(measured, relay, setting);
  if (counted.length === 0) return null;
  const values = (figure: (run: Run) => number): number[] => counted.map(({ run }) => figure(run));
  const [cpu, p99, loss] = [
    values((run) => run.cpuUs),
    values((run) => run.p99Ms),
    values((run) => run.lossPercent),
  ];
  return {
    check: `${nameOf(setting)} median of ${counted.length}`,
    relay,
    cpuUs: spreadOf(cpu).median,
    cpuUsRange: range(cpu),
    p50Ms: spreadOf(values((run) => run.p50Ms)).median,
    p99Ms: spreadOf(p99).median,
    p99MsRange: range(p99),
    lossPercent: spreadOf(loss).median,
    lossPercentRange: range(loss),
    relayPercent: spreadOf(values((run) => run.relayPercent)).median,
    loadPercent: spreadOf(values((run) => run.loadPercent)).median,
    faults: counted.filter(({ run, fault }) => (run.fault ?? fault) !== null).length,
  };
}

export function sustainedSummaryRow(measured: readonly MeasuredSustained[], relay: string): Row | null {
  const own = measured.filter((one) => one.relay === relay);
  if (own.length === 0) return null;
  const rates = own.map(({ sustained }) => sustained.rate);
  return {
    check: `sustained median of ${own.length}`,
    relay,
    speakers: spreadOf(own.map(({ sustained }) => sustained.speakers)).median,
    rate: Math.round(spreadOf(rates).median),
    rateRange: range(rates),
    idlePercent: spreadOf(own.map(({ idlePercent }) => idlePercent)).median,
  };
}

function ofRelay(measured: readonly Measured[], relay: string, setting: Setting): Measured[] {
  return measured.filter(
    (one) => one.relay === relay && !one.repeated && nameOf(one.setting) === nameOf(setting),
  );
}

/**
 * The median over the rounds of one relay's figure by another's of the same round: what the machine does over minutes
 * falls on both. Null when a round has no pair, or the other's is 0.
 */
export function ratioOf(
  ours: readonly { readonly round: number; readonly value: number }[],
  theirs: readonly { readonly round: number; readonly value: number }[],
): number | null {
  const ratios = ours.map(({ round, value }) => {
    const other = theirs.find((one) => one.round === round);
    return other === undefined || other.value === 0 ? null : value / other.value;
  });
  const known = ratios.filter((ratio) => ratio !== null);
  return known.length === 0 || known.length < ratios.length ? null : spreadOf(known).median;
}

/** One figure of a relay in a setting, by round. */
export function figuresOf(
  measured: readonly Measured[],
  relay: string,
  setting: Setting,
  figure: (run: Run) => number,
): { round: number; value: number }[] {
  return ofRelay(measured, relay, setting).map(({ round, run }) => ({ round, value: figure(run) }));
}
