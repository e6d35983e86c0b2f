import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { makeSpeech } from '../../e2e/rig/speech.ts';
import { trendOf } from '../../e2e/soak/trend.ts';
import { createReport, publish, type Row } from '../report.ts';
import type { Hearing, Scenario } from './conversation.ts';
import type { ConversationEvent } from './conversation-worker.ts';
import { checkDetector } from './detector-check.ts';
import type { DelayPoint } from './listener.ts';

const NAME = 'bench:drift';
const DEFAULT_MINUTES = '60';

/** Each of the two cards is off by this, in opposite directions: 100 ppm between them, and 300 to see what is left. */
const ERRORS_PPM = [50, 150] as const;

/** Enough to be no tune, and repeated for the hour. */
const SPEECH_SECONDS = 60;

/** Minutes between two lines of progress. */
const PROGRESS_MINUTES = 10;

async function speechToTalk(): Promise<Float32Array> {
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-drift-'));
  try {
    return await makeSpeech(folder, SPEECH_SECONDS);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runScenario(scenario: Scenario): Promise<Hearing[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(join(import.meta.dirname, 'conversation-worker.ts'), { workerData: scenario });
    worker.on('error', reject);
    worker.on('message', (event: ConversationEvent) => {
      if (event.kind === 'done') resolve(event.hearings);
      else if (event.minute % PROGRESS_MINUTES === 0)
        console.error(`${2 * scenario.errorPpm} ppm: ${event.minute} of ${scenario.minutes} minutes`);
    });
  });
}

/** What the straight line through the delays grows by from their first to their last; NaN: too few for a line. */
function growthMs(delays: readonly DelayPoint[]): number {
  const trend = trendOf(delays.map(({ seconds, delayMs }) => ({ seconds, value: delayMs })));
  const lengthSeconds = (delays.at(-1)?.seconds ?? 0) - (delays[0]?.seconds ?? 0);
  return trend === null ? Number.NaN : trend.perSecond * lengthSeconds;
}

function glitchesOf({ glitches }: Hearing): number {
  return glitches.click + glitches.dropout + glitches.repeat;
}

function meanDelayMs(delays: readonly DelayPoint[]): number | null {
  return delays.length === 0 ? null : delays.reduce((sum, { delayMs }) => sum + delayMs, 0) / delays.length;
}

function rowOf(ppm: number, hearing: Hearing): Row {
  const { direction, delays, counters, glitches } = hearing;
  const perSecond = (name: string): number | null => counters[name] ?? null;
  const sorted = delays.map(({ delayMs }) => delayMs).sort((a, b) => a - b);
  return {
    run: `${ppm} ppm, ${direction}`,
    meanDelayMs: meanDelayMs(delays.filter(({ open }) => !open)),
    openMicrophoneMeanDelayMs: meanDelayMs(delays.filter(({ open }) => open)),
    lowestDelayMs: sorted[0] ?? null,
    highestDelayMs: sorted.at(-1) ?? null,
    growthMs: growthMs(delays),
    openMicrophoneGrowthMs: growthMs(delays.filter(({ open }) => open)),
    ...glitches,
    firstGlitches: hearing.places.join('; '),
    windows: hearing.windows,
    unaligned: hearing.unaligned,
    concealedSamples: perSecond('concealedSamples'),
    insertedSamples: perSecond('insertedSamplesForDeceleration'),
    removedSamples: perSecond('removedSamplesForAcceleration'),
  };
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      minutes: { type: 'string', default: DEFAULT_MINUTES },
    },
  });
  const minutes = Number(options.minutes);
  if (!(minutes >= 1)) throw new Error('--minutes takes a number of at least 1');
  const speech = await speechToTalk();
  const scenarios = ERRORS_PPM.map((errorPpm) => runScenario({ errorPpm, minutes, speech }));
  const rows: Row[] = checkDetector(speech);
  const growths: number[] = [];
  let glitches = 0;
  for (const [at, errorPpm] of ERRORS_PPM.entries()) {
    for (const hearing of (await scenarios[at]) ?? []) {
      rows.push(rowOf(2 * errorPpm, hearing));
      growths.push(growthMs(hearing.delays), growthMs(hearing.delays.filter(({ open }) => open)));
      glitches += glitchesOf(hearing);
    }
  }
  // A line through too few points is NaN, and NaN meets no target.
  publish(createReport(NAME, rows, { delayGrowthMs: Math.max(...growths), glitches }), {
    json: options.json,
  });
}

await main();
