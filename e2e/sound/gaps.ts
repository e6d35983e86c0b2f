/** Envelope window in ms: the shortest that holds whole periods of a 1 kHz tone. */
const WINDOW_MS = 1;

/** The envelope is taken this often, in ms: the resolution of a gap's length. */
const HOP_MS = 0.125;

/** A gap is sound this far under the median level: -20 dB, as an amplitude ratio. */
const GAP_RATIO = 0.1;

/** A median below this amplitude (-60 dBFS) is no tone: the whole recording is one gap then. */
const NO_TONE_AMPLITUDE = 0.001;

/** Phase is compared over this distance, in ms: longer than the window, so that both ends are clean. */
const PHASE_STEP_MS = 2;

/** A jump of the tone's phase is heard as a click from about here on, in radians. */
const PHASE_JUMP_RADIANS = 0.35;

/** Prediction error, relative to the tone, that counts as a click. */
const CLICK_RATIO = 0.25;

/** Clicks and phase jumps nearer than this to the last one, in ms, are the same event. */
const SAME_EVENT_MS = 10;

/** What is wrong with a recorded steady tone. */
export type ToneReport = {
  /** Median level of the tone, as an amplitude. */
  readonly amplitude: number;
  /** Longest stretch more than 20 dB under the median level, in ms; 0 when there is none (from about 1 ms on). */
  readonly longestGapMs: number;
  readonly gaps: readonly { readonly startMs: number; readonly lengthMs: number }[];
  /** Places at which the tone's phase leaps by more than 0.35 rad within 2 ms. */
  readonly phaseJumps: number;
  readonly largestPhaseJumpRadians: number;
  /** Places at which a sample is far from what the two samples before it foretell. */
  readonly clicks: number;
};

type Track = { readonly envelope: Float64Array; readonly phase: Float64Array };

/**
 * Brings the tone down to 0 Hz and averages over 1 ms: magnitude is the envelope, angle the phase. Whole
 * periods cancel the image at twice the frequency, so the window is rounded to them.
 */
function demodulate(
  samples: Float32Array,
  toneHz: number,
  sampleRateHz: number,
): Track & { windowMs: number } {
  const periods = Math.max(1, Math.round((WINDOW_MS * toneHz) / 1000));
  const window = Math.max(1, Math.round((periods * sampleRateHz) / toneHz));
  const hop = Math.max(1, Math.round((HOP_MS * sampleRateHz) / 1000));
  const count = Math.max(0, Math.floor((samples.length - window) / hop) + 1);
  const sumsRe = new Float64Array(samples.length + 1);
  const sumsIm = new Float64Array(samples.length + 1);
  const step = (2 * Math.PI * toneHz) / sampleRateHz;
  for (let i = 0; i < samples.length; i += 1) {
    const sample = samples[i] ?? 0;
    sumsRe[i + 1] = (sumsRe[i] ?? 0) + sample * Math.cos(step * i);
    sumsIm[i + 1] = (sumsIm[i] ?? 0) - sample * Math.sin(step * i);
  }
  const envelope = new Float64Array(count);
  const phase = new Float64Array(count);
  for (let n = 0; n < count; n += 1) {
    const start = n * hop;
    const re = ((sumsRe[start + window] ?? 0) - (sumsRe[start] ?? 0)) / window;
    const im = ((sumsIm[start + window] ?? 0) - (sumsIm[start] ?? 0)) / window;
    envelope[n] = 2 * Math.hypot(re, im);
    phase[n] = Math.atan2(im, re);
  }
  return { envelope, phase, windowMs: (window * 1000) / sampleRateHz };
}

function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * Stretches under the threshold. A window that straddles an edge of a gap of length G still holds tone, so the
 * envelope stays low for G - window * (1 - 2 * ratio) only: that much is added back.
 */
function findGaps(envelope: Float64Array, threshold: number, hopMs: number, windowMs: number) {
  const correctionMs = windowMs * (1 - 2 * GAP_RATIO);
  const gaps: { startMs: number; lengthMs: number }[] = [];
  let start = -1;
  for (let n = 0; n <= envelope.length; n += 1) {
    const low = n < envelope.length && (envelope[n] ?? 0) < threshold;
    if (low && start < 0) start = n;
    if (low || start < 0) continue;
    gaps.push({ startMs: start * hopMs, lengthMs: (n - start) * hopMs + correctionMs });
    start = -1;
  }
  return gaps;
}

/** Smallest angle that leads to the same place. */
function wrap(radians: number): number {
  return radians - 2 * Math.PI * Math.round(radians / (2 * Math.PI));
}

function findPhaseJumps(track: Track, threshold: number, hopMs: number) {
  const distance = Math.round(PHASE_STEP_MS / hopMs);
  let jumps = 0;
  let largest = 0;
  let quietUntil = 0;
  for (let n = distance; n < track.phase.length; n += 1) {
    // The phase of silence means nothing: a gap is counted as a gap.
    if ((track.envelope[n] ?? 0) < threshold || (track.envelope[n - distance] ?? 0) < threshold) continue;
    const jump = Math.abs(wrap((track.phase[n] ?? 0) - (track.phase[n - distance] ?? 0)));
    largest = Math.max(largest, jump);
    if (jump > PHASE_JUMP_RADIANS && n >= quietUntil) jumps += 1;
    if (jump > PHASE_JUMP_RADIANS) quietUntil = n + Math.round(SAME_EVENT_MS / hopMs);
  }
  return { jumps, largest };
}

/** A pure tone obeys x[n] = 2 cos(w) x[n-1] - x[n-2] exactly; a click does not. */
function countClicks(samples: Float32Array, toneHz: number, sampleRateHz: number, amplitude: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * toneHz) / sampleRateHz);
  const pause = Math.round((SAME_EVENT_MS * sampleRateHz) / 1000);
  let clicks = 0;
  let quietUntil = 0;
  for (let n = 2; n < samples.length; n += 1) {
    const foretold = factor * (samples[n - 1] ?? 0) - (samples[n - 2] ?? 0);
    if (Math.abs((samples[n] ?? 0) - foretold) < CLICK_RATIO * amplitude) continue;
    if (n >= quietUntil) clicks += 1;
    quietUntil = n + pause;
  }
  return clicks;
}

function noTone(amplitude: number, lengthMs: number): ToneReport {
  return {
    amplitude,
    longestGapMs: lengthMs,
    gaps: [{ startMs: 0, lengthMs }],
    phaseJumps: 0,
    largestPhaseJumpRadians: 0,
    clicks: 0,
  };
}

/**
 * Examines a recording of a steady tone for gaps, phase jumps and clicks.
 *
 * @param samples - the recording, cut so that it starts and ends inside the tone
 * @param toneHz - the frequency that was played
 */
export function examineTone(samples: Float32Array, toneHz: number, sampleRateHz: number): ToneReport {
  const hopMs = (Math.max(1, Math.round((HOP_MS * sampleRateHz) / 1000)) * 1000) / sampleRateHz;
  const track = demodulate(samples, toneHz, sampleRateHz);
  const amplitude = median(track.envelope);
  if (amplitude < NO_TONE_AMPLITUDE) return noTone(amplitude, (samples.length * 1000) / sampleRateHz);
  const threshold = amplitude * GAP_RATIO;
  const gaps = findGaps(track.envelope, threshold, hopMs, track.windowMs);
  const phase = findPhaseJumps(track, threshold, hopMs);
  return {
    amplitude,
    longestGapMs: gaps.reduce((longest, gap) => Math.max(longest, gap.lengthMs), 0),
    gaps,
    phaseJumps: phase.jumps,
    largestPhaseJumpRadians: phase.largest,
    clicks: countClicks(samples, toneHz, sampleRateHz, amplitude),
  };
}
