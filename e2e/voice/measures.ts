import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../bench/report.ts';
import type { ProcessingSettings } from '../../src/contract/sound.ts';
import { type Child, waitFor } from '../rig/child.ts';
import { startDeviceLoop } from '../rig/device-loop.ts';
import { watchLoad } from '../rig/machine-load.ts';
import { RIG_RATE_HZ } from '../rig/pulse.ts';
import { align } from '../sound/align.ts';
import { examineTone } from '../sound/gaps.ts';
import { loudestWindowDbfs, rmsDbfs } from '../sound/level.ts';
import { tone } from '../sound/signals.ts';
import { intelligibility } from '../sound/stoi.ts';
import { type Delay, MAX_DELAY_MS, measureDelay } from './delay.ts';
import type { Person, Stage } from './stage.ts';

/** The key that A binds and holds. */
export const TALK_KEY = 'F8';

/** From key to open microphone and back everything must have settled after this time, in ms. */
const SETTLING_MS = 500;

/** How long the key is up while sound still plays, after settling, in ms. */
const SILENCE_MS = 3_500;

/** Silence is judged by its loudest stretch of this length: 20 ms. */
const SILENCE_WINDOW_SAMPLES = RIG_RATE_HZ / 50;

/** Starts of the bare device loop; odd, so that there is a middle one. */
const DEVICE_LOOP_STARTS = 3;

/** The steady tone: in the middle of the voice band, whole periods in a millisecond. */
const TONE_HZ = 1_000;
const TONE_AMPLITUDE = 0.3;
export const TONE_SECONDS = 60;

/** Starting and stopping the player clicks: this much of both ends is not judged, in ms. */
const TONE_MARGIN_MS = 750;

/** When A's main thread is blocked, in ms after the tone began, and for how long. */
const BLOCKS_AT_MS = [15_000, 30_000, 45_000];
const BLOCK_MS = 500;

/** Nothing is done to the microphone's sound. */
export const UNTOUCHED: ProcessingSettings = {
  highPass: false,
  echoCancellation: false,
  noiseSuppression: 'off',
  gainControl: false,
  limiter: false,
};

/** Figures of one measurement: rows for the report and values held against targets. */
export type Measured = {
  readonly rows: readonly Row[];
  readonly values: Readonly<Record<string, number | null>>;
};

/** Plays a file to its end, with what was said and heard in that time. */
async function sayAndHear(stage: Stage, path: string, seconds: number) {
  const fromMs = performance.now();
  const player = await stage.say(path);
  await player.finished(seconds * 1000 + 10_000);
  const toMs = performance.now();
  await sleep(MAX_DELAY_MS + 200);
  return {
    fromMs,
    toMs,
    said: stage.mouth.between(fromMs, toMs),
    heard: stage.ear.between(fromMs, toMs + MAX_DELAY_MS),
  };
}

/** The delay of one start of the device loop. */
async function deviceRoundTripOnce(stage: Stage, path: string, seconds: number): Promise<Delay | null> {
  const loop: Child = await startDeviceLoop(stage.pulse, stage.outputFolder);
  try {
    await sleep(1_500);
    const { said, heard } = await sayAndHear(stage, path, seconds);
    return measureDelay(said, heard);
  } finally {
    await loop.stop();
  }
}

/**
 * The sound devices alone: what a program needs that only copies samples from microphone to speaker. How the
 * blocks of the two devices lie to one another is chance at each start, so the middle of several starts counts.
 */
export async function measureDeviceRoundTrip(stage: Stage, speech: Float32Array): Promise<Measured> {
  const path = stage.writeSound('short-speech', speech);
  const delays: Delay[] = [];
  for (let start = 0; start < DEVICE_LOOP_STARTS; start += 1) {
    const delay = await deviceRoundTripOnce(stage, path, speech.length / RIG_RATE_HZ);
    if (delay !== null) delays.push(delay);
  }
  const medians = delays.map((delay) => delay.medianMs).sort((a, b) => a - b);
  const deviceRoundTripMs =
    medians.length === DEVICE_LOOP_STARTS ? (medians[medians.length >> 1] ?? null) : null;
  return {
    rows: delays.map((delay, i) => ({ check: `device round trip, start ${i + 1}`, ...delay })),
    values: { deviceRoundTripMs },
  };
}

/** Speech while the key is held: how late and how well it is heard. */
export async function measureSpeech(stage: Stage, speech: Float32Array): Promise<Measured> {
  const path = stage.writeSound('speech', speech);
  const loadSince = watchLoad();
  await stage.display.keyDown(TALK_KEY);
  await sleep(SETTLING_MS);
  const { said, heard } = await sayAndHear(stage, path, speech.length / RIG_RATE_HZ);
  const load = loadSince();
  await stage.display.keyUp(TALK_KEY);
  stage.keep('speech-said', speech);
  stage.keep('speech-heard', heard.samples);

  const delay = measureDelay(said, heard);
  const place = align(speech, heard.samples);
  const from = Math.max(0, Math.round(place?.delaySamples ?? 0));
  const score = place === null ? null : intelligibility(speech, heard.samples.subarray(from), RIG_RATE_HZ);
  return {
    rows: [
      { check: 'mouth to ear', ...delay },
      {
        check: 'speech',
        seconds: speech.length / RIG_RATE_HZ,
        stoi: score?.stoi ?? null,
        estoi: score?.estoi ?? null,
        saidDbfs: rmsDbfs(said.samples),
        heardDbfs: rmsDbfs(heard.samples),
        ...load,
      },
    ],
    values: { mouthToEarMs: delay?.medianMs ?? null, stoi: score?.stoi ?? null },
  };
}

/** The key is let go in the middle of speech: what B still hears of it. */
export async function measureSilence(stage: Stage, speechPath: string): Promise<Measured> {
  await stage.display.keyDown(TALK_KEY);
  await sleep(SETTLING_MS);
  const player = await stage.say(speechPath);
  await sleep(2_000);
  const beforeMs = performance.now();
  await stage.display.keyUp(TALK_KEY);
  const fromMs = performance.now() + SETTLING_MS;
  await sleep(SETTLING_MS + SILENCE_MS + 200);
  await player.stop();
  const toMs = fromMs + SILENCE_MS;
  const said = stage.mouth.between(fromMs, toMs);
  const heard = stage.ear.between(fromMs, toMs);
  const before = stage.ear.between(beforeMs - 1_500, beforeMs);
  const silenceDbfs = loudestWindowDbfs(heard.samples, SILENCE_WINDOW_SAMPLES);
  const saidDbfs = rmsDbfs(said.samples);
  const heardBeforeDbfs = rmsDbfs(before.samples);
  // Silence proves nothing unless there was something to be silent about.
  const meaningful = saidDbfs > -40 && heardBeforeDbfs > -40 && heard.samples.length >= 3 * RIG_RATE_HZ;
  return {
    rows: [
      {
        check: 'silence with the key up',
        seconds: heard.samples.length / RIG_RATE_HZ,
        loudest20MsDbfs: silenceDbfs,
        saidDbfs,
        heardBeforeDbfs,
      },
    ],
    values: { silenceDbfs: meaningful ? silenceDbfs : null },
  };
}

/** A steady tone for a minute, A's main thread blocked three times meanwhile. */
export async function measureTone(stage: Stage, speaker: Person): Promise<Measured> {
  const path = stage.writeSound('tone', tone(TONE_HZ, TONE_SECONDS + 2, RIG_RATE_HZ, TONE_AMPLITUDE));
  // A tone that does not end is noise to whoever suppresses noise: music is sent untouched.
  const installed = await speaker.window.setProcessing(UNTOUCHED);
  await stage.display.keyDown(TALK_KEY);
  await sleep(SETTLING_MS);
  const loadSince = watchLoad();
  const player = await stage.say(path);
  const startMs = await waitFor('the tone', 5_000, () => {
    const nowMs = performance.now();
    return rmsDbfs(stage.ear.between(nowMs - 200, nowMs - 100).samples) > -30 ? nowMs : null;
  });
  let blocks = 0;
  for (const atMs of BLOCKS_AT_MS) {
    await sleep(Math.max(0, startMs + atMs - performance.now()));
    const blockedFromMs = performance.now();
    await speaker.window.blockMainThread(BLOCK_MS);
    if (performance.now() - blockedFromMs >= BLOCK_MS) blocks += 1;
  }
  await player.finished((TONE_SECONDS + 10) * 1000);
  const load = loadSince();
  const endMs = startMs + TONE_SECONDS * 1000;
  await stage.display.keyUp(TALK_KEY);
  await speaker.window.setProcessing(installed);

  const heard = stage.ear.between(startMs + TONE_MARGIN_MS, endMs + TONE_MARGIN_MS);
  const said = stage.mouth.between(startMs, endMs);
  stage.keep('tone-heard', heard.samples);
  const report = examineTone(heard.samples, TONE_HZ, RIG_RATE_HZ);
  const source = examineTone(said.samples, TONE_HZ, RIG_RATE_HZ);
  const seconds = heard.samples.length / RIG_RATE_HZ;
  const complete = seconds >= TONE_SECONDS - 0.01 && blocks === BLOCKS_AT_MS.length;
  return {
    rows: [
      {
        check: 'steady tone',
        seconds,
        mainThreadBlocks: blocks,
        longestGapMs: report.longestGapMs,
        gaps: report.gaps.length,
        firstGapAtMs: report.gaps[0]?.startMs ?? null,
        phaseJumps: report.phaseJumps,
        clicks: report.clicks,
        amplitude: report.amplitude,
        longestGapInSourceMs: source.longestGapMs,
        ...load,
      },
    ],
    values: { longestGapMs: complete ? report.longestGapMs : null },
  };
}
