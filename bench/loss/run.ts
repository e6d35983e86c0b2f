import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createReport, publish, type Row } from '../report.ts';
import { CONDITIONS } from './conditions.ts';
import { speechItems } from './material.ts';
import { measure, type Score } from './measure.ts';
import { loadPlcmos } from './plcmos.ts';
import { ADAPTIVE_32, ADAPTIVE_62, SCHEMES, type Scheme } from './schemes.ts';

const NAME = 'bench:loss';

/** Beside the project: too large for it, and nothing that it ships. */
const PLCMOS_FOLDER = join(import.meta.dirname, '../../../shared/plcmos');

/** Fewer items, or other ones, tell little: PLCMOS depends on who speaks. */
const MIN_ITEMS = 6;

/** What was measured elsewhere for the first scheme, with other speech: how far ours lies from that. */
const REFERENCE_PLCMOS = [4.04, 3.73, 3.59, 2.92, 2.43, 3.5, 3.1];

type Scores = ReadonlyMap<string, Score>;

function seedsUpTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

function progress(scheme: Scheme, condition: string, score: Score): void {
  const { plcmos, estoi, kbits, bufferDelayMs } = score;
  const quality = `PLCMOS ${plcmos?.toFixed(2) ?? 'not measured'}, ESTOI ${estoi.toFixed(3)}`;
  process.stderr.write(
    `${scheme.name}, ${condition}: ${quality}, ${kbits.toFixed(1)} kbit/s, ${bufferDelayMs.toFixed(0)} ms\n`,
  );
}

/** A row for each scheme: one figure of it under every condition. */
function rowsOf(
  what: string,
  results: ReadonlyMap<Scheme, Scores>,
  figure: (score: Score) => number | null,
  digits: number,
): Row[] {
  return [...results].map(([scheme, scores]) => {
    const row: Record<string, string | number | null> = { check: `${what}, ${scheme.name}` };
    for (const [condition, score] of scores) {
      const value = figure(score);
      row[condition] = value === null ? null : Number(value.toFixed(digits));
    }
    return row;
  });
}

/** How the speech used here scores beside that of the figures that the targets were made from. */
function referenceRow(scores: Scores | undefined): Row[] {
  if (scores === undefined) return [];
  const row: Record<string, string | number | null> = {
    check: 'PLCMOS of the first scheme, less that of the table which the targets come from',
  };
  for (const [at, { name }] of CONDITIONS.entries()) {
    const plcmos = scores.get(name)?.plcmos ?? null;
    row[name] = plcmos === null ? null : Number((plcmos - (REFERENCE_PLCMOS[at] ?? Number.NaN)).toFixed(2));
  }
  return [row];
}

function targetValues(results: ReadonlyMap<Scheme, Scores>): Record<string, number | null> {
  const plcmos = (scheme: Scheme, condition: string): number | null =>
    results.get(scheme)?.get(condition)?.plcmos ?? null;
  const mostKbits = (scheme: Scheme): number | null => {
    const all = [...(results.get(scheme)?.values() ?? [])].map(({ kbits }) => kbits);
    return all.length === 0 ? null : Math.max(...all);
  };
  return {
    kbitsAt62: mostKbits(ADAPTIVE_62),
    plcmosAt62Clean: plcmos(ADAPTIVE_62, '0%'),
    plcmosAt62Random10: plcmos(ADAPTIVE_62, '10%'),
    plcmosAt62Random20: plcmos(ADAPTIVE_62, '20%'),
    plcmosAt62Bursts10: plcmos(ADAPTIVE_62, 'bursts10%'),
    kbitsAt32: mostKbits(ADAPTIVE_32),
    plcmosAt32Clean: plcmos(ADAPTIVE_32, '0%'),
    plcmosAt32Random5: plcmos(ADAPTIVE_32, '5%'),
    plcmosAt32Random10: plcmos(ADAPTIVE_32, '10%'),
    plcmosAt32Random20: plcmos(ADAPTIVE_32, '20%'),
    plcmosAt32Random30: plcmos(ADAPTIVE_32, '30%'),
    plcmosAt32Bursts10: plcmos(ADAPTIVE_32, 'bursts10%'),
    plcmosAt32Bursts20: plcmos(ADAPTIVE_32, 'bursts20%'),
  };
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      /** Calls for each scheme and condition. */
      seeds: { type: 'string', default: '2' },
      /** Only schemes whose names hold this. */
      scheme: { type: 'string', default: '' },
    },
  });
  const items = speechItems();
  const seeds = seedsUpTo(Number(options.seeds));
  const plcmos = await loadPlcmos(PLCMOS_FOLDER);
  const facts: Row[] = [
    {
      check: 'speech',
      items: items.length,
      seconds: Number((items.reduce((sum, { samples }) => sum + samples.length, 0) / 48_000).toFixed(1)),
      seeds: seeds.length,
      names: items.map(({ name }) => name).join('; '),
    },
  ];
  if (items.length < MIN_ITEMS)
    facts.push({
      check: 'TOO LITTLE SPEECH',
      reason: 'Debian packages alsa-utils, pocketsphinx-testdata and codec2-examples have more',
    });
  if (plcmos === null) {
    process.stderr.write('PLCMOS IS NOT MEASURED: its model is not beside the project.\n');
    facts.push({ check: 'PLCMOS NOT MEASURED', reason: 'its model is not beside the project' });
  }
  const results = new Map<Scheme, Scores>();
  for (const scheme of SCHEMES.filter(({ name }) => name.includes(options.scheme))) {
    const scores = new Map<string, Score>();
    results.set(scheme, scores);
    for (const condition of CONDITIONS) {
      // Without losses every call is the same.
      const score = await measure(items, scheme, condition, condition.lossRate === 0 ? [1] : seeds, plcmos);
      progress(scheme, condition.name, score);
      scores.set(condition.name, score);
    }
  }
  const rows = [
    ...facts,
    ...(plcmos === null ? [] : rowsOf('PLCMOS', results, (score) => score.plcmos, 2)),
    ...referenceRow(SCHEMES[0] === undefined ? undefined : results.get(SCHEMES[0])),
    ...rowsOf('ESTOI', results, ({ estoi }) => estoi, 3),
    ...rowsOf('kbit/s in all', results, ({ kbits }) => kbits, 1),
    ...rowsOf('playout delay in ms', results, ({ bufferDelayMs }) => bufferDelayMs, 1),
    ...rowsOf('concealed in percent', results, ({ concealedPercent }) => concealedPercent, 2),
    ...rowsOf('losses recovered in percent', results, ({ recoveredPercent }) => recoveredPercent, 1),
  ];
  publish(createReport(NAME, rows, targetValues(results)), { json: options.json });
}

await main();
