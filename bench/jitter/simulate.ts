import { BLOCK_SAMPLES, FRAME_SAMPLES, type MarkedSpeech, SAMPLES_PER_MS } from './marked-speech.ts';
import { OutputTap } from './output-tap.ts';
import type { Arrival, FrameSource, PlayoutBuffer } from './playout-buffer.ts';
import { minDelayMs, sendTimeMs, type Trace } from './trace.ts';

/** A sound device takes 10 ms at a time. */
const PULL_SAMPLES = 480;
const PULL_MS = PULL_SAMPLES / SAMPLES_PER_MS;

/** What came of one trace in one buffer. All delays in ms. */
export interface Figures {
  /** From a packet's arrival until its first sample is put out. */
  readonly bufferMs: number;
  /** From a packet's arrival until it is decoded: what NetEQ calls jitterBufferDelay. */
  readonly waitMs: number;
  /** From sending until the first sample is put out, above the fastest packet of the trace. */
  readonly playoutMs: number;
  readonly playoutP95Ms: number;
  /** Share of the samples put out within talkspurts that are not real sound. */
  readonly concealedShare: number;
  /** The same as the buffer itself counts it, over all samples put out; null with talkspurts, where it counts silence. */
  readonly ownConcealedShare: number | null;
  readonly stretchedShare: number | null;
  /** Packets that arrived and were never decoded, over all sent. */
  readonly unplayedShare: number;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The packets of a trace in the order of their arrival. */
export function arrivalsOf(trace: Trace): Arrival[] {
  const { delaysMs, talkspurts } = trace;
  const arrivals: Arrival[] = [];
  let sequence = 0;
  for (const [frame, delay] of delaysMs.entries()) {
    const talkspurt = talkspurts ? (talkspurts[frame] ?? null) : 0;
    if (talkspurt === null) continue;
    sequence += 1;
    if (delay === null) continue;
    arrivals.push({
      frame,
      sequence,
      timestamp: frame * FRAME_SAMPLES,
      last: talkspurts !== undefined && talkspurts[frame + 1] !== talkspurt,
      arrivalMs: sendTimeMs(trace, frame) + delay,
    });
  }
  return arrivals.sort((a, b) => a.arrivalMs - b.arrivalMs);
}

/**
 * Plays a trace through a buffer in virtual time.
 *
 * @param phaseMs when the sound device pulls, against the sender's packets, 0 to 10
 */
export function simulate(
  trace: Trace,
  speech: MarkedSpeech,
  phaseMs: number,
  create: (source: FrameSource) => PlayoutBuffer,
): Figures {
  const arrivals = arrivalsOf(trace);
  const tap = new OutputTap((frame) => (trace.talkspurts ? (trace.talkspurts[frame] ?? null) : 0));
  const decodedMs = new Map<number, number>();
  let nowMs = 0;
  const buffer = create({
    decode(frame, into) {
      decodedMs.set(frame, nowMs);
      speech.writeFrame(frame, tap.noteDecoded(frame), into);
    },
    conceal(after, into) {
      speech.writeUnmarked(after, into);
    },
  });
  const out = new Float32Array(PULL_SAMPLES);
  const firstMs = arrivals[0]?.arrivalMs ?? 0;
  const lastMs = sendTimeMs(trace, trace.delaysMs.length) + minDelayMs(trace);
  let [next, samplesOut] = [0, 0];
  for (let pull = Math.floor(firstMs / PULL_MS); ; pull += 1) {
    nowMs = pull * PULL_MS + phaseMs;
    if (nowMs > lastMs) break;
    for (let arrival = arrivals[next]; arrival && arrival.arrivalMs <= nowMs; arrival = arrivals[next]) {
      buffer.handlePacket(arrival);
      next += 1;
    }
    const real = buffer.pull(out, nowMs);
    samplesOut += PULL_SAMPLES;
    for (let start = 0; start < PULL_SAMPLES; start += BLOCK_SAMPLES) {
      const block = out.subarray(start, start + BLOCK_SAMPLES);
      const realBlock = real ? real.subarray(start, start + BLOCK_SAMPLES) : null;
      tap.listen(block, nowMs + start / SAMPLES_PER_MS, realBlock);
    }
  }
  return figuresOf(trace, arrivals, tap, decodedMs, buffer, samplesOut);
}

function figuresOf(
  trace: Trace,
  arrivals: readonly Arrival[],
  tap: OutputTap,
  decodedMs: ReadonlyMap<number, number>,
  buffer: PlayoutBuffer,
  samplesOut: number,
): Figures {
  const arrivalMs = new Map(arrivals.map((arrival) => [arrival.frame, arrival.arrivalMs]));
  const leastMs = minDelayMs(trace);
  const waits = [...decodedMs].map(([frame, atMs]) => atMs - (arrivalMs.get(frame) ?? Number.NaN));
  const playouts = tap.emitted.map(({ frame, atMs }) => atMs - sendTimeMs(trace, frame) - leastMs);
  const account = buffer.account();
  const shareOf = (samples: number | null): number | null => (samples === null ? null : samples / samplesOut);
  return {
    bufferMs: mean(tap.emitted.map(({ frame, atMs }) => atMs - (arrivalMs.get(frame) ?? Number.NaN))),
    waitMs: mean(waits),
    playoutMs: mean(playouts),
    playoutP95Ms: quantile(playouts, 0.95),
    concealedShare: tap.inventedShare,
    ownConcealedShare: trace.talkspurts ? null : shareOf(account.concealedSamples),
    stretchedShare: shareOf(account.stretchedSamples),
    unplayedShare: (arrivals.length - decodedMs.size) / trace.delaysMs.length,
  };
}
