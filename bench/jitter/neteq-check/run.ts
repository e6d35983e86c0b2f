import { parseArgs } from 'node:util';
import { recordedSpeech } from '../../../e2e/rig/speech.ts';
import { createRng } from '../../../src/core/base/rng.ts';
import { optionalPackages } from '../../optional-package.ts';
import { currentCommit, formatReport, machineFacts, type Row } from '../../report.ts';
import { FRAME_SAMPLES, MarkedSpeech } from '../marked-speech.ts';
import { NetEqBuffer } from '../neteq-buffer.ts';
import { traceOf } from '../profiles.ts';
import { simulate } from '../simulate.ts';
import type { Trace } from '../trace.ts';
import { type RealCall, realCall } from './real-call.ts';
import type { Passed } from './trace-proxy.ts';
import type { Wrtc } from './wrtc.ts';

const NAME = 'bench:jitter --check-neteq';
const PACKET_MS = 20;

const PROFILES = [
  'static',
  'loss 5 %',
  'loss 10 %',
  'bursts 10 %',
  'pareto',
  'wifi stalls',
  '4g wander',
  'reordering',
];
const DEFAULT_SECONDS = 90;

/** Phases of the sound device tried with the port: which one the real one had is not known. */
const PHASES_MS = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5];

/** What really passed the proxy and when, as a trace: what the machine's load added is in it. */
function traceOfPassed(passed: readonly Passed[]): Trace {
  const first = passed[0];
  if (!first) throw new Error('no packet came through');
  const delaysMs: (number | null)[] = [];
  for (const { timestamp, atMs } of passed) {
    const index = Math.round(((timestamp - first.timestamp) | 0) / FRAME_SAMPLES);
    if (index < 0) continue;
    while (delaysMs.length <= index) delaysMs.push(null);
    delaysMs[index] = atMs - first.atMs - index * PACKET_MS;
  }
  const least = Math.min(...delaysMs.filter((delay) => delay !== null));
  return { delaysMs: delaysMs.map((delay) => (delay === null ? null : delay - least)), driftPpm: 0 };
}

interface Compared {
  readonly delayMs: number;
  readonly targetMs: number;
  readonly concealed: number;
  readonly inserted: number;
  readonly removed: number;
}

function realFigures({ statistics }: RealCall): Compared {
  const total = statistics.totalSamplesReceived;
  return {
    delayMs: (statistics.jitterBufferDelay / statistics.jitterBufferEmittedCount) * 1_000,
    targetMs: (statistics.jitterBufferTargetDelay / statistics.jitterBufferEmittedCount) * 1_000,
    concealed: statistics.concealedSamples / total,
    inserted: statistics.insertedSamplesForDeceleration / total,
    removed: statistics.removedSamplesForAcceleration / total,
  };
}

function portFigures(trace: Trace, speech: MarkedSpeech, phaseMs: number): Compared {
  const buffers: NetEqBuffer[] = [];
  simulate(trace, speech, phaseMs, (source) => {
    const buffer = new NetEqBuffer(source, createRng(1));
    buffers.push(buffer);
    return buffer;
  });
  const statistics = buffers[0]?.statistics();
  if (!statistics) throw new Error('the port was not run');
  const total = statistics.totalSamplesReceived;
  return {
    delayMs: statistics.jitterBufferDelayMs / statistics.jitterBufferEmittedCount,
    targetMs: statistics.jitterBufferTargetDelayMs / statistics.jitterBufferEmittedCount,
    concealed: statistics.concealedSamples / total,
    inserted: statistics.insertedSamplesForDeceleration / total,
    removed: statistics.removedSamplesForAcceleration / total,
  };
}

function range(values: readonly number[], factor: number, digits: number): string {
  const show = (value: number) => (value * factor).toFixed(digits);
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return `${show(median)} (${show(sorted[0] ?? Number.NaN)} to ${show(sorted.at(-1) ?? Number.NaN)})`;
}

function rowsOf(profile: string, call: RealCall, speech: MarkedSpeech): Row[] {
  const trace = traceOfPassed(call.passed);
  const port = PHASES_MS.map((phaseMs) => portFigures(trace, speech, phaseMs));
  const row = (who: string, figures: readonly Compared[]): Row => ({
    profile,
    who,
    jitterBufferDelayMs: range(
      figures.map((run) => run.delayMs),
      1,
      1,
    ),
    targetMs: range(
      figures.map((run) => run.targetMs),
      1,
      1,
    ),
    'concealed%': range(
      figures.map((run) => run.concealed),
      100,
      2,
    ),
    'inserted%': range(
      figures.map((run) => run.inserted),
      100,
      2,
    ),
    'removed%': range(
      figures.map((run) => run.removed),
      100,
      2,
    ),
  });
  return [row('real', [realFigures(call)]), row('port', port)];
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      seconds: { type: 'string', default: String(DEFAULT_SECONDS) },
      seed: { type: 'string', default: '1' },
    },
  });
  const packets = (Number(options.seconds) * 1_000) / PACKET_MS;
  const wrtc: Wrtc = (await optionalPackages(import.meta.dirname))('@roamhq/wrtc');
  const speech = MarkedSpeech.recorded();
  const pieces = recordedSpeech();
  const spoken = Float32Array.from(pieces.flatMap((piece) => [...piece]));
  process.stderr.write(`${PROFILES.length} calls at once, ${options.seconds} seconds\n`);
  const calls = await Promise.all(
    PROFILES.map(async (profile) => {
      const { delaysMs } = traceOf(profile, Number(options.seed));
      return { profile, call: await realCall(wrtc, delaysMs.slice(0, packets), spoken) };
    }),
  );
  const rows = calls.flatMap(({ profile, call }) => rowsOf(profile, call, speech));
  const report = { name: NAME, commit: currentCommit(), machine: machineFacts(), rows, targets: [] };
  process.stdout.write(`${formatReport(report)}\n`);
  // wrtc's threads do not end by themselves.
  process.exit(0);
}

await main();
