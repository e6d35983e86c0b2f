import { createRng } from '../../src/core/base/rng.ts';
import type { Row } from '../report.ts';
import { FixedBuffer } from './fixed-buffer.ts';
import type { MarkedSpeech } from './marked-speech.ts';
import { NetEqBuffer } from './neteq-buffer.ts';
import { type Optimum, optimum } from './oracle.ts';
import type { FrameSource, PlayoutBuffer } from './playout-buffer.ts';
import { type Figures, simulate } from './simulate.ts';
import { SpeakerBuffer } from './speaker-buffer.ts';
import type { Trace } from './trace.ts';

const FIXED_DELAY_MS = 60;

/** The sound device pulls every 10 ms, at any phase against the sender. */
const PULL_MS = 10;

/** 60 ms in a call of two minutes: three frames, by which a burst may happen to fall better for one buffer. */
const CONCEALED_EPSILON = 0.0005;

const BUFFERS: Readonly<Record<string, (source: FrameSource, seed: number) => PlayoutBuffer>> = {
  ours: (source) => new SpeakerBuffer(source),
  neteq: (source, seed) => new NetEqBuffer(source, createRng(seed)),
  [`fixed ${FIXED_DELAY_MS} ms`]: (source) => new FixedBuffer(FIXED_DELAY_MS, source),
};

/** Means over the seeds; a figure that a buffer does not give is null. */
type MeanFigures = { readonly [Key in keyof Figures]: number | null };

/** All buffers on the same traces. */
export interface Comparison {
  readonly rows: readonly Row[];
  /** Mean of ours over NetEQ's, from arrival until put out. */
  readonly delayRatio: number;
  /** Ours invents more, by the tap that listens behind both buffers in the same way. */
  readonly concealsMore: boolean;
  /** Ours invents more, by each buffer's own count, which leaves cross-fades out. */
  readonly countsMore: boolean;
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length < values.length ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function meanFigures(figures: readonly Figures[]): MeanFigures {
  return {
    bufferMs: meanOf(figures.map((run) => run.bufferMs)),
    waitMs: meanOf(figures.map((run) => run.waitMs)),
    playoutMs: meanOf(figures.map((run) => run.playoutMs)),
    playoutP95Ms: meanOf(figures.map((run) => run.playoutP95Ms)),
    concealedShare: meanOf(figures.map((run) => run.concealedShare)),
    ownConcealedShare: meanOf(figures.map((run) => run.ownConcealedShare)),
    stretchedShare: meanOf(figures.map((run) => run.stretchedShare)),
    unplayedShare: meanOf(figures.map((run) => run.unplayedShare)),
  };
}

function rounded(value: number | null, factor: number, digits: number): number | null {
  return value === null ? null : Number((value * factor).toFixed(digits));
}

function rowOf(profile: string, buffer: string, figures: MeanFigures): Row {
  return {
    profile,
    buffer,
    bufferMs: rounded(figures.bufferMs, 1, 1),
    waitMs: rounded(figures.waitMs, 1, 1),
    playoutMs: rounded(figures.playoutMs, 1, 1),
    p95Ms: rounded(figures.playoutP95Ms, 1, 1),
    'concealed%': rounded(figures.concealedShare, 100, 2),
    'ownConcealed%': rounded(figures.ownConcealedShare, 100, 2),
    'stretched%': rounded(figures.stretchedShare, 100, 2),
    'unplayed%': rounded(figures.unplayedShare, 100, 2),
  };
}

function optimumRow(profile: string, optima: readonly Optimum[]): Row {
  return {
    profile,
    buffer: 'hindsight',
    bufferMs: rounded(meanOf(optima.map((best) => best.bufferMs)), 1, 1),
    playoutMs: rounded(meanOf(optima.map((best) => best.playoutMs)), 1, 1),
    'concealed%': rounded(meanOf(optima.map((best) => best.lostShare)), 100, 2),
  };
}

/** Plays traces of one kind of network through every buffer. */
export function compare(profile: string, traces: readonly Trace[], speech: MarkedSpeech): Comparison {
  const results = new Map<string, Figures[]>();
  for (const [index, trace] of traces.entries()) {
    const seed = index + 1;
    // One phase out of each part of the 10 ms, so that few seeds do not lean to one side.
    const phaseMs = (PULL_MS * (index + createRng(seed).next())) / traces.length;
    for (const [name, create] of Object.entries(BUFFERS)) {
      const figures = simulate(trace, speech, phaseMs, (source) => create(source, seed));
      results.set(name, [...(results.get(name) ?? []), figures]);
    }
  }
  const means = new Map([...results].map(([name, figures]) => [name, meanFigures(figures)]));
  const ours = means.get('ours');
  const netEq = means.get('neteq');
  const ratio = (key: keyof Figures): number => (ours?.[key] ?? Number.NaN) / (netEq?.[key] ?? Number.NaN);
  const exceeds = (key: 'concealedShare' | 'ownConcealedShare'): boolean =>
    (ours?.[key] ?? 0) > (netEq?.[key] ?? Number.POSITIVE_INFINITY) + CONCEALED_EPSILON;
  const allowed = traces.map((trace, index) =>
    optimum(trace, results.get('ours')?.[index]?.concealedShare ?? 0),
  );
  const rows: Row[] = [...means].map(([name, figures]) => rowOf(profile, name, figures));
  rows.push(optimumRow(profile, allowed), {
    profile,
    buffer: 'ours / neteq',
    bufferMs: rounded(ratio('bufferMs'), 1, 3),
    waitMs: rounded(ratio('waitMs'), 1, 3),
    playoutMs: rounded(ratio('playoutMs'), 1, 3),
  });
  return {
    rows,
    delayRatio: ratio('bufferMs'),
    concealsMore: exceeds('concealedShare'),
    countsMore: exceeds('ownConcealedShare'),
  };
}
