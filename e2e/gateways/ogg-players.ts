import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../bench/report.ts';
import { Child, PATIENCE_MS, run } from '../rig/child.ts';
import { align } from '../sound/align.ts';
import { rmsDbfs } from '../sound/level.ts';
import { intelligibility } from '../sound/stoi.ts';
import { readWavFile } from '../sound/wav.ts';
import { MissedLimit, type Scene } from './check.ts';

const RATE_HZ = 48_000;

/** How much of what was heard is compared: what a stream opens with, its joint to what is live, and some of that. */
const MAX_COMPARED_SECONDS = 7;

/** Numbers of the user and the group that nobody is, on Debian. */
const NOBODY = '65534';

/** Sound that a real program heard at an address, mono at 48 kHz. */
export type Player = (scene: Scene, url: string, seconds: number) => Promise<Float32Array>;

function readPcm(path: string): Float32Array {
  const bytes = readFileSync(path);
  const samples = new Float32Array(Math.floor(bytes.length / 2));
  for (let at = 0; at < samples.length; at += 1) samples[at] = bytes.readInt16LE(at * 2) / 32_768;
  return samples;
}

/** A folder that programs may write to that refuse to run as root. */
function openFolder(scene: Scene): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-open-'));
  chmodSync(folder, 0o777);
  scene.defer(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Lets a program play for some time, and ends it. */
async function playFor(child: Child, seconds: number): Promise<void> {
  await sleep(seconds * 1_000);
  child.signal('SIGINT');
  await child.stop();
}

export const ffmpegPlayer: Player = async (scene, url, seconds) => {
  const path = join(scene.folder(), 'ffmpeg.wav');
  const output = ['-t', String(seconds), '-ac', '1', '-ar', String(RATE_HZ), path];
  await run('ffmpeg', ['-v', 'error', '-i', url, ...output], { maxMs: seconds * 1_000 + PATIENCE_MS });
  return readWavFile(path).samples;
};

export const ffplayPlayer: Player = async (scene, url, seconds) => {
  const path = join(scene.folder(), 'ffplay.pcm');
  const env = { ...process.env, SDL_AUDIODRIVER: 'disk', SDL_DISKAUDIOFILE: path };
  await playFor(await Child.start('ffplay', ['-v', 'error', '-nodisp', url], { env }), seconds);
  return readPcm(path);
};

async function gstreamer(scene: Scene, source: readonly string[], seconds: number): Promise<Float32Array> {
  const path = join(scene.folder(), 'gstreamer.pcm');
  const format = `audio/x-raw,format=S16LE,rate=${RATE_HZ},channels=1`;
  const sink = ['audioconvert', '!', 'audioresample', '!', format, '!', 'filesink', `location=${path}`];
  await playFor(await Child.start('gst-launch-1.0', ['-q', ...source, '!', ...sink]), seconds);
  return existsSync(path) ? readPcm(path) : new Float32Array(0);
}

export const gstreamerPlayer: Player = (scene, url, seconds) =>
  gstreamer(scene, ['souphttpsrc', `location=${url}`, '!', 'oggdemux', '!', 'opusdec'], seconds);

/** A whole player of GStreamer's, which follows a chain as a plain pipeline does not. */
export const playbinPlayer: Player = async (scene, url, seconds) => {
  const path = join(scene.folder(), 'playbin.pcm');
  const format = `audio/x-raw,format=S16LE,rate=${RATE_HZ},channels=1`;
  const sink = `audio-sink=audioconvert ! audioresample ! ${format} ! filesink location=${path}`;
  await playFor(await Child.start('gst-launch-1.0', ['-q', 'playbin', `uri=${url}`, sink]), seconds);
  return readPcm(path);
};

export const vlcPlayer: Player = async (scene, url, seconds) => {
  const folder = openFolder(scene);
  const path = join(folder, 'vlc.pcm');
  const output = ['--aout=afile', `--audiofile-file=${path}`, '--audiofile-format=s16', '--no-audiofile-wav'];
  const player = ['cvlc', '-q', '--no-video', ...output, url];
  const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  const [command = '', ...args] = process.getuid?.() === 0 ? [...asNobody, ...player] : player;
  await playFor(await Child.start(command, args, { env: { ...process.env, HOME: folder } }), seconds);
  return readPcm(path);
};

/** What an address gives within some time. */
export async function download(
  scene: Scene,
  url: string,
  seconds: number,
  options: readonly string[] = [],
): Promise<{ readonly bytes: Buffer; readonly path: string }> {
  const path = join(scene.folder(), 'download.ogg');
  const child = await Child.start('curl', ['-sk', '-m', String(seconds), '-o', path, ...options, url]);
  await child.ended;
  return { path, bytes: existsSync(path) ? readFileSync(path) : Buffer.alloc(0) };
}

export const opusdecPlayer: Player = async (scene, url, seconds) => {
  const { path } = await download(scene, url, seconds);
  const wav = join(scene.folder(), 'opusdec.wav');
  await run('opusdec', ['--quiet', path, wav], { maxMs: PATIENCE_MS });
  return readWavFile(wav).samples;
};

/** How much of what was published must be found in what was heard. */
export interface Fit {
  readonly similarity: number;
  readonly stoi: number;
}

/** The very sound, but for what coding does to it. */
const EXACT: Fit = { similarity: 0.9, stoi: 0.9 };

/**
 * Compares what was heard with what was published over and over. That it fits from its first to its last moment says
 * that nothing was left out, doubled or moved on the way.
 *
 * @throws Error when it is not that, or not enough of it
 */
export function compareSound(
  name: string,
  heard: Float32Array,
  published: Float32Array,
  atLeastSeconds: number,
  fit: Fit = EXACT,
): Row {
  const from = heard.findIndex((sample) => Math.abs(sample) > 0.01);
  const sound = from === -1 ? heard.subarray(0, 0) : heard.subarray(from);
  const seconds = sound.length / RATE_HZ;
  if (seconds < atLeastSeconds) throw new Error(`${name} heard ${seconds.toFixed(2)} s of sound`);
  const twice = new Float32Array(published.length * 2);
  twice.set(published);
  twice.set(published, published.length);
  // A decoder that comes in somewhere needs a tenth of a second to be in step.
  const settled = sound.subarray(RATE_HZ / 10, RATE_HZ * MAX_COMPARED_SECONDS);
  const { delaySamples, similarity } = align(settled, twice) ?? { delaySamples: 0, similarity: 0 };
  const at = Math.max(0, Math.round(delaySamples));
  const clean = twice.subarray(at, at + settled.length);
  const { stoi } = intelligibility(clean, settled, RATE_HZ) ?? { stoi: 0 };
  const levelDb = rmsDbfs(settled.subarray(0, clean.length)) - rmsDbfs(clean);
  const figures = `similarity ${similarity.toFixed(3)}, STOI ${stoi.toFixed(3)}, level ${levelDb.toFixed(1)} dB`;
  if (similarity < fit.similarity || stoi < fit.stoi || Math.abs(levelDb) > 1)
    throw new MissedLimit(`${name} did not hear what was published: ${figures}`);
  return {
    [`${name}Seconds`]: Number(seconds.toFixed(2)),
    [`${name}Similarity`]: Number(similarity.toFixed(3)),
    [`${name}Stoi`]: Number(stoi.toFixed(3)),
  };
}
