import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  accessUnitsOf,
  NAL_IDR_SLICE,
  NAL_SLICE,
  nalType,
  splitAnnexB,
} from '../../src/core/rtp/h264-nal.ts';
import { Child, PATIENCE_MS, run, waitFor } from '../rig/child.ts';
import type { Scene } from './check.ts';
import type { Way } from './rtsp-players.ts';

const PICTURES_PER_SECOND = 25;
const SECONDS = 4;
const TICKS_HZ = 90_000;

export const PICTURE_MS = 1_000 / PICTURES_PER_SECOND;

/** A picture on its way, in decoding order. */
export interface Picture {
  readonly units: readonly Uint8Array[];
  readonly ticks: number;
  readonly key: boolean;
}

export interface Film {
  readonly path: string;
  readonly pictures: readonly Picture[];
  /** Of one round of it. */
  readonly ticks: number;
}

/** Pictures with a key each second and some that are shown earlier than they are decoded, as Annex B has them. */
export async function makeFilm(scene: Scene): Promise<Film> {
  const folder = scene.folder();
  const mp4 = join(folder, 'film.mp4');
  const path = join(folder, 'film.h264');
  const source = [
    '-f',
    'lavfi',
    '-i',
    `testsrc2=size=480x270:rate=${PICTURES_PER_SECOND}`,
    '-t',
    String(SECONDS),
  ];
  const coding = ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '25', '-pix_fmt', 'yuv420p'];
  await run('ffmpeg', ['-v', 'error', ...source, ...coding, mp4], { maxMs: PATIENCE_MS });
  await run('ffmpeg', [
    '-v',
    'error',
    '-i',
    mp4,
    '-c',
    'copy',
    '-bsf:v',
    'h264_mp4toannexb',
    '-f',
    'h264',
    path,
  ]);
  const entries = ['-select_streams', 'v', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0'];
  const times = (await run('ffprobe', ['-v', 'error', ...entries, mp4]))
    .trim()
    .split('\n')
    .map(Number.parseFloat);
  const units = accessUnitsOf(splitAnnexB(readFileSync(path)));
  if (units.length !== times.length || units.length !== SECONDS * PICTURES_PER_SECOND)
    throw new Error(`${units.length} pictures, and times for ${times.length}`);
  const pictures = units.map((parts, at) => ({
    units: parts,
    ticks: Math.round((times[at] ?? 0) * TICKS_HZ),
    key: parts.some((unit) => nalType(unit) === NAL_IDR_SLICE),
  }));
  return { path, pictures, ticks: SECONDS * TICKS_HZ };
}

interface Decoded {
  readonly hashes: readonly string[];
  readonly seconds: readonly number[];
}

function framesIn(text: string): Decoded {
  const [, numerator = '0', denominator = '1'] = /^#tb 0: (\d+)\/(\d+)$/m.exec(text) ?? [];
  const rows = text.split('\n').filter((line) => /^0,/.test(line));
  const columns = rows.map((row) => row.split(',').map((column) => column.trim()));
  return {
    hashes: columns.map((row) => row.at(-1) ?? ''),
    seconds: columns.map((row) => (Number(row[2]) * Number(numerator)) / Number(denominator)),
  };
}

/** Times as they came: otherwise they are moved when sound begins before the first picture. */
const HASHED = ['-copyts', '-map', '0:v', '-fps_mode', 'passthrough', '-f', 'framemd5'];

/** What decoding the file gives. */
export async function decodeFilm({ path }: Film): Promise<Decoded> {
  const input = ['-r', String(PICTURES_PER_SECOND), '-i', path];
  return framesIn(
    await run('ffmpeg', ['-v', 'error', ...input, ...HASHED, 'pipe:1'], { maxMs: PATIENCE_MS }),
  );
}

/** What ffmpeg decodes out of the air, so many pictures. */
export async function decodeStream(scene: Scene, url: string, way: Way, count: number): Promise<Decoded> {
  const path = join(scene.folder(), 'frames.txt');
  const input = ['-rtsp_transport', way, '-i', url];
  const output = ['-frames:v', String(count), ...HASHED, path];
  await run('ffmpeg', ['-v', 'error', ...input, ...output], { maxMs: 40_000 });
  return framesIn(readFileSync(path, 'latin1'));
}

/** Slices that GStreamer puts together out of the packets, until there are so many. */
export async function unpackStream(scene: Scene, url: string, count: number): Promise<readonly Buffer[]> {
  const path = join(scene.folder(), 'unpacked.h264');
  const source = ['rtspsrc', `location=${url}`, 'protocols=tcp', 'latency=100', 'name=source', 'source.'];
  const caps = 'application/x-rtp,media=video';
  const format = 'video/x-h264,stream-format=byte-stream,alignment=au';
  const unpack = [
    '!',
    caps,
    '!',
    'rtph264depay',
    '!',
    format,
    '!',
    'filesink',
    `location=${path}`,
    'buffer-mode=2',
  ];
  const child = await Child.start('gst-launch-1.0', ['-q', ...source, ...unpack]);
  const slices = await waitFor(`${count} slices`, 40_000, () => {
    const found = existsSync(path) ? slicesOf(readFileSync(path)) : [];
    return found.length > count ? found : null;
  });
  await child.stop();
  return slices.slice(0, count);
}

export function slicesOf(stream: Uint8Array): readonly Buffer[] {
  return splitAnnexB(stream)
    .filter((unit) => nalType(unit) === NAL_SLICE || nalType(unit) === NAL_IDR_SLICE)
    .map((unit) => Buffer.from(unit));
}
