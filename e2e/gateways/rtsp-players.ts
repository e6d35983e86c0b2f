import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child, PATIENCE_MS, run } from '../rig/child.ts';
import { readWavFile } from '../sound/wav.ts';
import type { Scene } from './check.ts';

/** Numbers of the user and the group that nobody is, on Debian. */
const NOBODY = '65534';

const RATE_HZ = '48000';

export type Way = 'tcp' | 'udp';

export const WAYS: readonly Way[] = ['tcp', 'udp'];

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Sound that a real program heard at an address, mono at 48 kHz. */
export type RtspPlayer = (
  scene: Scene,
  url: string,
  way: Way,
  seconds: number,
  login?: Login,
) => Promise<Float32Array>;

function withLogin(url: string, login: Login | undefined): string {
  if (login === undefined) return url;
  return url.replace('://', `://${login.user}:${encodeURIComponent(login.password)}@`);
}

export const ffmpegPlayer: RtspPlayer = async (scene, url, way, seconds, login) => {
  const path = join(scene.folder(), 'ffmpeg.wav');
  const input = ['-rtsp_transport', way, '-i', withLogin(url, login)];
  const output = ['-t', String(seconds), '-ac', '1', '-ar', RATE_HZ, path];
  await run('ffmpeg', ['-v', 'error', ...input, ...output], { maxMs: seconds * 1_000 + PATIENCE_MS });
  return readWavFile(path).samples;
};

/** Ends a pipeline as a person does with Ctrl-C, so that the file is finished. */
async function endAfter(child: Child, seconds: number): Promise<void> {
  await sleep(seconds * 1_000);
  child.signal('SIGINT');
  await child.stop();
}

export const gstreamerPlayer: RtspPlayer = async (scene, url, way, seconds, login) => {
  const path = join(scene.folder(), 'gstreamer.wav');
  const who = login === undefined ? [] : [`user-id=${login.user}`, `user-pw=${login.password}`];
  const source = ['rtspsrc', `location=${url}`, `protocols=${way}`, 'latency=200', ...who];
  const decode = ['!', 'rtpopusdepay', '!', 'opusdec', '!', 'audioconvert', '!', 'audioresample'];
  const format = `audio/x-raw,format=S16LE,rate=${RATE_HZ},channels=1`;
  const sink = ['!', format, '!', 'wavenc', '!', 'filesink', `location=${path}`];
  await endAfter(await Child.start('gst-launch-1.0', ['-e', '-q', ...source, ...decode, ...sink]), seconds);
  return existsSync(path) ? readWavFile(path).samples : new Float32Array(0);
};

/** Where Debian keeps what VLC can open. */
const VLC_FOLDERS = ['x86_64-linux-gnu', 'aarch64-linux-gnu', 'arm-linux-gnueabihf'].map(
  (triple) => `/usr/lib/${triple}/vlc/plugins/access`,
);

/** Whether this VLC speaks RTSP at all: distributions leave the library for it out. */
export function vlcSpeaksRtsp(): boolean {
  return VLC_FOLDERS.some(
    (folder) => existsSync(folder) && readdirSync(folder).some((file) => /live555/.test(file)),
  );
}

export const vlcPlayer: RtspPlayer = async (scene, url, way, seconds, login) => {
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-open-'));
  chmodSync(folder, 0o777);
  scene.defer(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'vlc.wav');
  const who = login === undefined ? [] : [`--rtsp-user=${login.user}`, `--rtsp-pwd=${login.password}`];
  const sound = `#transcode{acodec=s16l,channels=1,samplerate=${RATE_HZ}}`;
  const output = [`--sout=${sound}:std{access=file,mux=wav,dst=${path}}`, `--run-time=${seconds}`];
  const transport = way === 'tcp' ? ['--rtsp-tcp'] : [];
  const player = ['cvlc', '-q', ...transport, ...who, ...output, url, 'vlc://quit'];
  const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  const [command = '', ...args] = process.getuid?.() === 0 ? [...asNobody, ...player] : player;
  await endAfter(await Child.start(command, args, { env: { ...process.env, HOME: folder } }), seconds + 2);
  return existsSync(path) ? readWavFile(path).samples : new Float32Array(0);
};
