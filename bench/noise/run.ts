import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeSpeech } from '../../e2e/rig/speech.ts';
import type { NoiseSuppression } from '../../src/core/processing/processing-chain.ts';
import { createReport, publish, type Row } from '../report.ts';
import { makeCleanScene, measureNoise, type NoiseFigures } from './measure-noise.ts';
import { NOISES } from './noises.ts';

const NAME = 'bench:noise';
const SPEECH_SECONDS = 20;
const SUPPRESSIONS: readonly NoiseSuppression[] = ['off', 'light', 'strong'];
const NO_NOISE = 'none';

/** Noises that do not come and go. */
const STEADY = ['white', 'pink'];

async function main(): Promise<void> {
  const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-noise-'));
  const kinds = Object.keys(NOISES);
  const rows: Row[] = [];
  const figures = new Map<string, NoiseFigures>();
  try {
    const clean = makeCleanScene(await makeSpeech(folder, SPEECH_SECONDS));
    for (const kind of [NO_NOISE, ...kinds]) {
      for (const suppression of SUPPRESSIONS) {
        process.stderr.write(`${kind} ${suppression}\n`);
        const measured = await measureNoise(clean, kind, suppression);
        figures.set(`${kind} ${suppression}`, measured);
        rows.push({ noise: kind, suppression, ...measured });
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const of = (kind: string, suppression: NoiseSuppression, name: keyof NoiseFigures): number =>
    figures.get(`${kind} ${suppression}`)?.[name] ?? Number.NaN;
  const worst = (kinds: readonly string[], pick: (kind: string) => number): number =>
    Math.min(...kinds.map(pick));
  const gain = (suppression: NoiseSuppression): number =>
    worst(kinds, (kind) => of(kind, suppression, 'estoi') - of(kind, 'off', 'estoi'));
  const values = {
    lightSteadyReductionDb: worst(STEADY, (kind) => of(kind, 'light', 'noiseReductionDb')),
    strongSteadyReductionDb: worst(STEADY, (kind) => of(kind, 'strong', 'noiseReductionDb')),
    strongKeysReductionDb: of('keys', 'strong', 'noiseReductionDb'),
    lightEstoiGain: gain('light'),
    strongEstoiGain: gain('strong'),
    lightCleanEstoi: of(NO_NOISE, 'light', 'estoi'),
    strongCleanEstoi: of(NO_NOISE, 'strong', 'estoi'),
    voiceAuc: worst(kinds, (kind) => of(kind, 'off', 'voiceAuc')),
  };
  publish(createReport(NAME, rows, values), { json: options.json });
}

await main();
