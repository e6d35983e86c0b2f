import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { recordedSpeech } from '../../../e2e/rig/speech.ts';
import { optionalPackages } from '../../optional-package.ts';
import { currentCommit, machineFacts, publish, type Row } from '../../report.ts';
import { MarkedSpeech } from '../marked-speech.ts';
import type { NetEqStatistics } from '../neteq/neteq.ts';
import { PROFILES, traceOf } from '../profiles.ts';
import { PACKET_MS } from '../trace.ts';
import { type RealCall, type RealStatistics, realCall } from './real-call.ts';
import { regularPulls, replay } from './replay.ts';
import type { Wrtc } from './wrtc.ts';

const NAME = 'neteq-check';
const SCRIPT = import.meta.filename;

const reportSchema = z.object({
  rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
});

const CHECKED = [
  'static',
  'jitter 1-3 ms',
  'loss 5 %',
  'loss 10 %',
  'bursts 10 %',
  'pareto',
  'wifi stalls',
  '4g wander',
  'reordering',
];

/** Real time: more of them at once disturb each other on two cores. */
const CALLS_AT_ONCE = 3;

const DEFAULT_SECONDS = 60;
const MAX_SECONDS = 120;

/** Phases of a sound device that pulls regularly. */
const PHASES_MS = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5];

const MS_PER_SECOND = 1_000;

interface Shown {
  readonly jitterBufferDelayMs: number;
  readonly targetDelayMs: number;
  readonly concealed: number;
  readonly inserted: number;
  readonly removed: number;
}

function realFigures(statistics: RealStatistics): Shown {
  const { jitterBufferEmittedCount: emitted, totalSamplesReceived: total } = statistics;
  return {
    jitterBufferDelayMs: (statistics.jitterBufferDelay / emitted) * MS_PER_SECOND,
    targetDelayMs: (statistics.jitterBufferTargetDelay / emitted) * MS_PER_SECOND,
    concealed: statistics.concealedSamples / total,
    inserted: statistics.insertedSamplesForDeceleration / total,
    removed: statistics.removedSamplesForAcceleration / total,
  };
}

function portFigures(statistics: NetEqStatistics): Shown {
  const { jitterBufferEmittedCount: emitted, totalSamplesReceived: total } = statistics;
  return {
    jitterBufferDelayMs: statistics.jitterBufferDelayMs / emitted,
    targetDelayMs: statistics.jitterBufferTargetDelayMs / emitted,
    concealed: statistics.concealedSamples / total,
    inserted: statistics.insertedSamplesForDeceleration / total,
    removed: statistics.removedSamplesForAcceleration / total,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function rowOf(profile: string, who: string, runs: readonly Shown[]): Row {
  const figure = (key: keyof Shown, factor: number, digits: number) =>
    Number((median(runs.map((run) => run[key])) * factor).toFixed(digits));
  return {
    profile,
    who,
    delayMs: figure('jitterBufferDelayMs', 1, 1),
    targetMs: figure('targetDelayMs', 1, 1),
    'concealed%': figure('concealed', 100, 2),
    'inserted%': figure('inserted', 100, 2),
    'removed%': figure('removed', 100, 2),
  };
}

function rowsOf(profile: string, { statistics, passed, pullsMs }: RealCall, speech: MarkedSpeech): Row[] {
  const regular = PHASES_MS.map((phaseMs) =>
    portFigures(replay(passed, regularPulls(passed, phaseMs), speech)),
  );
  return [
    rowOf(profile, 'real', [realFigures(statistics)]),
    rowOf(profile, 'port, same pulls', [portFigures(replay(passed, pullsMs, speech))]),
    rowOf(profile, 'port, regular pulls', regular),
  ];
}

/** One call in this process, then the port on what was recorded of it. */
async function checkOne(profile: string, seconds: number, seed: number): Promise<Row[]> {
  const wrtc: Wrtc = (await optionalPackages(import.meta.dirname))('@roamhq/wrtc');
  const spoken = Float32Array.from(recordedSpeech().flatMap((piece) => [...piece]));
  const { delaysMs } = traceOf(profile, seed);
  const packets = (seconds * MS_PER_SECOND) / PACKET_MS;
  const call = await realCall(wrtc, delaysMs.slice(0, packets), spoken);
  return rowsOf(profile, call, MarkedSpeech.recorded());
}

/** The same in a process of its own: calls that share an event loop spoil each other's record. */
async function checkApart(profile: string, seconds: number, seed: number): Promise<Row[]> {
  const args = [SCRIPT, '--json', '--profile', profile, '--seconds', String(seconds), '--seed', String(seed)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return reportSchema.parse(JSON.parse(stdout)).rows;
}

async function checkAll(seconds: number, seed: number): Promise<Row[]> {
  // Before there are several who would install it.
  await optionalPackages(import.meta.dirname);
  const rows: Row[] = [];
  for (let start = 0; start < CHECKED.length; start += CALLS_AT_ONCE) {
    const together = CHECKED.slice(start, start + CALLS_AT_ONCE);
    process.stderr.write(`${together.join(', ')}: ${seconds} seconds\n`);
    const done = await Promise.all(together.map((profile) => checkApart(profile, seconds, seed)));
    rows.push(...done.flat());
  }
  return rows;
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      seconds: { type: 'string', default: String(DEFAULT_SECONDS) },
      seed: { type: 'string', default: '1' },
      profile: { type: 'string' },
    },
  });
  const [seconds, seed] = [Number(options.seconds), Number(options.seed)];
  const { profile } = options;
  const known = profile === undefined || profile in PROFILES;
  if (!known || !Number.isInteger(seed) || !(seconds >= 1 && seconds <= MAX_SECONDS)) {
    process.stderr.write(
      `--seconds takes 1 to ${MAX_SECONDS}, --seed a whole number, --profile one of: ${Object.keys(PROFILES).join(', ')}.\n`,
    );
    process.exit(2);
  }
  const rows = profile === undefined ? await checkAll(seconds, seed) : await checkOne(profile, seconds, seed);
  const report = { name: NAME, commit: currentCommit(), machine: machineFacts(), rows, targets: [] };
  publish(report, { json: options.json });
  // Threads of wrtc would keep the process alive.
  process.stdout.write('', () => process.exit(0));
}

await main();
