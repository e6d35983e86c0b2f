import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/base/rng.ts';
import { FixedBuffer } from './fixed-buffer.ts';
import { MarkedSpeech } from './marked-speech.ts';
import { NetEqBuffer } from './neteq-buffer.ts';
import type { FrameSource, PlayoutBuffer } from './playout-buffer.ts';
import { traceOf, withTalkspurts } from './profiles.ts';
import { type Figures, simulate } from './simulate.ts';
import { SpeakerBuffer } from './speaker-buffer.ts';
import type { Trace } from './trace.ts';

/** A voice of 140 Hz with its overtones, that rises and falls. */
const speech = new MarkedSpeech(
  Float32Array.from({ length: 48_000 }, (_, at) => {
    const voice = [1, 2, 3, 4, 5].reduce(
      (sum, n) => sum + Math.sin((2 * Math.PI * 140 * n * at) / 48_000) / n,
      0,
    );
    return 0.1 * voice * (1.2 + Math.sin((2 * Math.PI * 3 * at) / 48_000));
  }),
);

const PHASE_MS = 3;
const SECOND = 50;
/** Share of a sample or so in twenty seconds: where a fixed time is no whole number of samples. */
const A_SAMPLE = 0.00001;

const buffers: Readonly<Record<string, (source: FrameSource) => PlayoutBuffer>> = {
  ours: (source) => new SpeakerBuffer(source),
  neteq: (source) => new NetEqBuffer(source, createRng(1)),
  fixed: (source) => new FixedBuffer(60, source),
};

function play(trace: Trace, name: string): Figures {
  const create = buffers[name];
  if (!create) throw new Error(name);
  return simulate(trace, speech, PHASE_MS, create);
}

function call(delay: (index: number) => number | null, seconds = 20): Trace {
  return { delaysMs: Array.from({ length: seconds * SECOND }, (_, index) => delay(index)), driftPpm: 0 };
}

describe('simulate', () => {
  it('plays a quiet network without inventing anything, in every buffer', () => {
    for (const name of Object.keys(buffers)) {
      const figures = play(
        call(() => 25),
        name,
      );
      expect(figures.concealedShare, name).toBeLessThan(A_SAMPLE);
      expect(figures.bufferMs, name).toBeCloseTo(figures.playoutMs, 5);
    }
  });

  it('hears a fixed buffer wait for the time it is told', () => {
    const figures = play(
      call(() => 25),
      'fixed',
    );
    expect(figures.playoutMs).toBeGreaterThan(59.5);
    expect(figures.playoutMs).toBeLessThan(60.5);
    // It decodes at the pull in which the frame begins.
    expect(figures.waitMs).toBeLessThanOrEqual(60);
  });

  it('hears that one packet in twenty is missing, as the buffer itself counts it', () => {
    const figures = play(
      call((index) => (index % 20 === 10 ? null : 25)),
      'fixed',
    );
    expect(figures.concealedShare).toBeCloseTo(0.05, 2);
    expect(figures.ownConcealedShare).toBeCloseTo(0.05, 2);
    expect(figures.unplayedShare).toBeLessThan(0.01);
  });

  it('tells playout from buffer delay: a slow packet waits less, and comes out at the same time', () => {
    const figures = play(
      call((index) => (index % 2 === 0 ? 25 : 55)),
      'fixed',
    );
    expect(figures.playoutMs - figures.bufferMs).toBeCloseTo(15, 1);
    expect(figures.concealedShare).toBeLessThan(A_SAMPLE);
  });

  it('calls packets that come too late invented and unplayed', () => {
    const figures = play(
      call((index) => (index % 20 === 10 ? 125 : 25)),
      'fixed',
    );
    expect(figures.concealedShare).toBeCloseTo(0.05, 2);
    expect(figures.unplayedShare).toBeCloseTo(0.05, 2);
  });

  it('does not count the silence between talkspurts', () => {
    const trace = withTalkspurts(
      call(() => 25, 40),
      createRng(3),
    );
    for (const name of Object.keys(buffers)) {
      expect(play(trace, name).concealedShare, name).toBeLessThan(0.001);
    }
  });

  it('gives the same figures for the same seed', () => {
    const trace = traceOf('pareto', 5);
    const short = { ...trace, delaysMs: trace.delaysMs.slice(0, 10 * SECOND) };
    expect(play(short, 'neteq')).toEqual(play(short, 'neteq'));
  });
});
