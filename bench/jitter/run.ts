import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRng } from '../../src/core/base/rng.ts';
import { createReport, publish } from '../report.ts';
import { type Comparison, compare } from './compare.ts';
import { MarkedSpeech } from './marked-speech.ts';
import { PROFILES, traceOf, withTalkspurts } from './profiles.ts';
import { parseTrace, type Trace } from './trace.ts';

const NAME = 'bench:jitter';

const DEFAULT_SEEDS = 3;
const MAX_SEEDS = 100;

/** Networks on which the border of talkspurts is tried as well. */
const TALKSPURT_PROFILES = ['jitter 1-3 ms', 'loss 5 %', 'pareto', 'wifi stalls', '4g wander'];

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

/** A million entries of many digits. */
const MAX_TRACE_BYTES = 32 * 2 ** 20;

function readTrace(path: string): Trace {
  let text: string;
  try {
    if (statSync(path).size > MAX_TRACE_BYTES)
      fail(`The trace ${path} is larger than ${MAX_TRACE_BYTES} bytes.`);
    text = readFileSync(path, 'utf8');
  } catch {
    fail(`The trace ${path} cannot be read.`);
  }
  const parsed = parseTrace(text);
  return parsed.ok ? parsed.trace : fail(parsed.sentence);
}

interface Setting {
  readonly name: string;
  /** One for each seed; the seeds also place the sound device's pulls. */
  readonly traces: readonly Trace[];
}

function settingsOf(profile: string | undefined, seeds: number): Setting[] {
  if (profile !== undefined && !(profile in PROFILES)) {
    fail(`There is no profile called ${profile}. There are: ${Object.keys(PROFILES).join(', ')}.`);
  }
  const names = profile === undefined ? Object.keys(PROFILES) : [profile];
  const seedList = Array.from({ length: seeds }, (_, index) => index + 1);
  const open = names.map((name) => ({ name, traces: seedList.map((seed) => traceOf(name, seed)) }));
  const spoken = names
    .filter((name) => TALKSPURT_PROFILES.includes(name))
    .map((name) => ({
      name: `${name}, talkspurts`,
      traces: seedList.map((seed) => withTalkspurts(traceOf(name, seed), createRng(seed))),
    }));
  return [...open, ...spoken];
}

function main(): void {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      trace: { type: 'string' },
      profile: { type: 'string' },
      seeds: { type: 'string', default: String(DEFAULT_SEEDS) },
    },
  });
  const seeds = Number(options.seeds);
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > MAX_SEEDS) {
    fail(`--seeds takes a whole number from 1 to ${MAX_SEEDS}.`);
  }
  const settings =
    options.trace === undefined
      ? settingsOf(options.profile, seeds)
      : [{ name: 'trace', traces: new Array<Trace>(seeds).fill(readTrace(options.trace)) }];
  const speech = MarkedSpeech.recorded();
  const comparisons: Comparison[] = settings.map(({ name, traces }) => {
    process.stderr.write(`${name}\n`);
    return compare(name, traces, speech);
  });
  const values = {
    worstDelayRatio: Math.max(...comparisons.map((comparison) => comparison.delayRatio)),
    profilesWithMoreConcealment: comparisons.filter(({ concealsMore }) => concealsMore).length,
    profilesWithMoreByOwnCount: comparisons.filter(({ countsMore }) => countsMore).length,
  };
  publish(
    createReport(
      NAME,
      comparisons.flatMap((comparison) => comparison.rows),
      values,
    ),
    { json: options.json },
  );
}

main();
