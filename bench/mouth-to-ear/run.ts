import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BROWSER_SHELL } from '../../e2e/rig/app-process.ts';
import { VirtualDisplay } from '../../e2e/rig/display.ts';
import { watchLoad } from '../../e2e/rig/machine-load.ts';
import { Player } from '../../e2e/rig/player.ts';
import { PulseServer, RIG_RATE_HZ, rigDevices } from '../../e2e/rig/pulse.ts';
import { Recorder } from '../../e2e/rig/recorder.ts';
import { makeSpeech } from '../../e2e/rig/speech.ts';
import { Teardown } from '../../e2e/rig/teardown.ts';
import { writeWavFile } from '../../e2e/sound/wav.ts';
import { MAX_DELAY_MS, measureDelay } from '../../e2e/voice/delay.ts';
import type { DelayStage } from '../../src/contract/diagnostics.ts';
import { createReport, publish, type Row } from '../report.ts';
import { type MumbleRig, startMumble } from './mumble.ts';
import { MUMBLE_DEFAULT, MUMBLE_TUNED } from './mumble-files.ts';
import { startSidetone } from './sidetone.ts';

const NAME = 'bench:mouth-to-ear';
const OUTPUT_FOLDER = join(import.meta.dirname, '../../.test-output/mouth-to-ear');
const DEFAULT_ROUNDS = 5;
const MAX_ROUNDS = 25;
const SPEECH_SECONDS = 8;

/** From the start of a call until its delay has settled, in ms; speech plays meanwhile, as adaptation needs sound. */
const SETTLING_MS = 6_000;

type Budget = () => Promise<readonly DelayStage[]>;

/** One program, set in one way. */
interface Contestant {
  readonly name: string;
  /** Starts both ends; what it starts is put away by the rig's teardown. */
  readonly start: (rig: MumbleRig) => Promise<Budget | null>;
}

const contestants: readonly Contestant[] = [
  {
    name: 'mumble',
    start: async (rig) => {
      await startMumble(rig, MUMBLE_DEFAULT);
      return null;
    },
  },
  {
    name: 'sidetone 20 ms',
    start: async (rig) => (await startSidetone(rig, { frameSamples: 960, bare: false })).budget,
  },
  {
    name: 'sidetone 10 ms',
    start: async (rig) => (await startSidetone(rig, { frameSamples: 480, bare: false })).budget,
  },
  {
    name: 'sidetone 20 ms, microphone untouched',
    start: async (rig) => (await startSidetone(rig, { frameSamples: 960, bare: true })).budget,
  },
  {
    name: 'mumble tuned',
    start: async (rig) => {
      await startMumble(rig, MUMBLE_TUNED);
      return null;
    },
  },
];

/** The sound server and screen that all contestants share, one after the other. */
interface Stage {
  readonly pulse: PulseServer;
  readonly displayName: string;
  readonly folder: string;
  readonly speechPath: string;
}

async function openStage(teardown: Teardown): Promise<Stage> {
  rmSync(OUTPUT_FOLDER, { recursive: true, force: true });
  mkdirSync(OUTPUT_FOLDER, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-mouth-to-ear-'));
  teardown.defer('the temporary folder', () =>
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  );
  const pulse = await PulseServer.start(folder, join(OUTPUT_FOLDER, 'pulseaudio.log'));
  teardown.defer('PulseAudio', () => pulse.stop());
  const display = await VirtualDisplay.start(pulse.env, join(OUTPUT_FOLDER, 'display.log'));
  teardown.defer('the screen', () => display.stop());
  const speechPath = join(folder, 'speech.wav');
  writeWavFile(speechPath, await makeSpeech(folder, SPEECH_SECONDS), RIG_RATE_HZ);
  return { pulse, displayName: display.name, folder, speechPath };
}

/** One call of one contestant: the delay, and what the program itself says of it. */
async function measureOnce(stage: Stage, contestant: Contestant, round: number): Promise<Row[]> {
  const teardown = new Teardown();
  const loadSince = watchLoad();
  try {
    const mouth = await Recorder.start(`${rigDevices.a.microphoneSink}.monitor`, stage.pulse.env);
    teardown.defer('a recorder', () => mouth.stop());
    const ear = await Recorder.start(`${rigDevices.b.speakerSink}.monitor`, stage.pulse.env);
    teardown.defer('a recorder', () => ear.stop());
    const budget = await contestant.start({ teardown, outputFolder: OUTPUT_FOLDER, ...stage });
    const settling = await Player.start(stage.speechPath, rigDevices.a.microphoneSink, stage.pulse.env);
    await sleep(SETTLING_MS);
    await settling.stop();
    const fromMs = performance.now();
    const player = await Player.start(stage.speechPath, rigDevices.a.microphoneSink, stage.pulse.env);
    await sleep(SPEECH_SECONDS * 500);
    const stages = budget === null ? [] : await budget();
    await player.finished(SPEECH_SECONDS * 1_000 + 10_000);
    const toMs = performance.now();
    await sleep(MAX_DELAY_MS + 200);
    const delay = measureDelay(mouth.between(fromMs, toMs), ear.between(fromMs, toMs + MAX_DELAY_MS));
    const accounted = stages.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    return [
      {
        check: contestant.name,
        round,
        ...delay,
        ...(stages.length === 0 ? {} : { accountedMs: accounted }),
        ...Object.fromEntries(stages.map(({ name, milliseconds }) => [name, milliseconds])),
        ...loadSince(),
      },
    ];
  } finally {
    await teardown.run();
  }
}

function medianOf(rows: readonly Row[], name: string, field: string): number | null {
  const values = rows
    .filter(({ check }) => check === name)
    .map((row) => row[field])
    .filter((value) => typeof value === 'number')
    .sort((a, b) => a - b);
  return values[values.length >> 1] ?? null;
}

/** Medians of one contestant over all rounds: the delay, and each stage of it that the program reports. */
function summarise(rows: readonly Row[], name: string): Row {
  const fields = new Set(rows.filter(({ check }) => check === name).flatMap((row) => Object.keys(row)));
  for (const field of ['check', 'round', 'minMs', 'maxMs', 'pieces', 'notFound']) fields.delete(field);
  const medians = [...fields].map((field) => [field, medianOf(rows, name, field)]);
  return { check: `median: ${name}`, ...Object.fromEntries(medians) };
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: String(DEFAULT_ROUNDS) },
    },
  });
  const rounds = Number(options.rounds);
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= MAX_ROUNDS))
    throw new Error(`--rounds takes a whole number up to ${MAX_ROUNDS}`);
  if (!existsSync(BROWSER_SHELL)) throw new Error('the program is not built: npm run build');
  const teardown = new Teardown();
  try {
    const stage = await openStage(teardown);
    const rows: Row[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < contestants.length; turn += 1) {
        // Each round begins with another one: what a machine does over minutes must not fall on the same.
        const contestant = contestants[(round + turn) % contestants.length];
        if (contestant === undefined) continue;
        rows.push(...(await measureOnce(stage, contestant, round + 1)));
        const { check, medianMs } = rows.at(-1) ?? {};
        process.stderr.write(`${NAME}: round ${round + 1}, ${check}: ${medianMs} ms\n`);
      }
    }
    const median = (name: string): number | null => medianOf(rows, name, 'medianMs');
    const ratio = (name: string): number | null => {
      const [ours, theirs] = [median(name), median('mumble')];
      return ours === null || theirs === null ? null : ours / theirs;
    };
    const values = { ratio20Ms: ratio('sidetone 20 ms'), ratio10Ms: ratio('sidetone 10 ms') };
    const summaries = contestants.map(({ name }) => summarise(rows, name));
    publish(createReport(NAME, [...summaries, ...rows], values), { json: options.json });
  } finally {
    await teardown.run();
  }
}

await main();
