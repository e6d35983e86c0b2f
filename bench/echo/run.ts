import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeSpeech } from '../../e2e/rig/speech.ts';
import { disposeEchoCancellation } from '../../src/main/voice/processing/webrtc-echo.ts';
import { createReport, publish, type Row } from '../report.ts';
import {
  type EchoFigures,
  FAR_LOUDSPEAKER_DB,
  measureEcho,
  NEAR_LOUDSPEAKER_DB,
  type Scene,
} from './measure-echo.ts';
import { measurePause } from './measure-pause.ts';
import { measureTransparency } from './measure-transparency.ts';

const NAME = 'bench:echo';

/** Each is another room; the median counts. */
const SEEDS = [1, 2, 3];

/** Between handing a block to the speaker and hearing it in the microphone, in ms: a laptop, a Bluetooth-free desk. */
const DEVICE_DELAYS_MS = [60, 120];
const DRIFTS_PPM = [0, 60];

/** Enough for what is heard and what is said, one after the other. */
const SPEECH_SECONDS = 45;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function medians(runs: readonly EchoFigures[]): EchoFigures {
  const of = (pick: (run: EchoFigures) => number): number => median(runs.map(pick));
  return {
    erleAt2sDb: of((run) => run.erleAt2sDb),
    erleAt5sDb: of((run) => run.erleAt5sDb),
    erleAt10sDb: of((run) => run.erleAt10sDb),
    doubleTalkEstoi: of((run) => run.doubleTalkEstoi),
    unprocessedEstoi: of((run) => run.unprocessedEstoi),
    meanUs: of((run) => run.meanUs),
  };
}

/** Every setting of drift and device at half a metre, and the worst of them further away and with suppression. */
function settings(): Omit<Scene, 'seed'>[] {
  const near = DRIFTS_PPM.flatMap((driftPpm) =>
    DEVICE_DELAYS_MS.map((deviceDelayMs) => ({
      driftPpm,
      deviceDelayMs,
      directDb: NEAR_LOUDSPEAKER_DB,
      suppression: 'off' as const,
    })),
  );
  const hard = { driftPpm: 60, deviceDelayMs: 120, directDb: NEAR_LOUDSPEAKER_DB };
  return [
    ...near,
    { ...hard, directDb: FAR_LOUDSPEAKER_DB, suppression: 'off' },
    { ...hard, suppression: 'light' },
  ];
}

async function measureScenes(speech: Float32Array): Promise<{ rows: Row[]; figures: EchoFigures[] }> {
  const rows: Row[] = [];
  const figures: EchoFigures[] = [];
  for (const setting of settings()) {
    const runs: EchoFigures[] = [];
    for (const seed of SEEDS) {
      process.stderr.write(`${JSON.stringify({ seed, ...setting })}\n`);
      runs.push(await measureEcho(speech, { seed, ...setting }));
    }
    const middle = medians(runs);
    const { suppression, directDb, driftPpm, deviceDelayMs } = setting;
    // The limits are on echo cancellation itself at half a metre; suppression behind it can only hide what is left.
    if (suppression === 'off' && directDb === NEAR_LOUDSPEAKER_DB) figures.push(middle);
    const distance = directDb === NEAR_LOUDSPEAKER_DB ? '0.5 m' : '1.5 m';
    const place = `drift ${driftPpm} ppm, device ${deviceDelayMs} ms, loudspeaker at ${distance}`;
    rows.push({ check: `${place}, suppression ${suppression}`, ...middle });
  }
  return { rows, figures };
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-echo-'));
  try {
    const speech = await makeSpeech(folder, SPEECH_SECONDS);
    const { rows, figures } = await measureScenes(speech);
    const pauses = await measurePause(speech);
    const clear = await measureTransparency(speech);
    const worst = (pick: (run: EchoFigures) => number): number => Math.min(...figures.map(pick));
    const values = {
      erleAt2sDb: worst((run) => run.erleAt2sDb),
      erleAt5sDb: worst((run) => run.erleAt5sDb),
      erleAt10sDb: worst((run) => run.erleAt10sDb),
      doubleTalkEstoi: worst((run) => run.doubleTalkEstoi),
      estoiWithoutReference: clear.estoiWithoutReference,
      estoiWithHeadphones: clear.estoiWithHeadphones,
    };
    publish(createReport(NAME, [...rows, ...pauses, ...clear.rows], values), { json: options.json });
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await disposeEchoCancellation();
  }
}

await main();
