import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../../bench/report.ts';
import { Child, PATIENCE_MS, run, waitFor } from '../rig/child.ts';
import { VirtualDisplay } from '../rig/display.ts';
import { freePort } from '../rig/free-port.ts';
import { Player } from '../rig/player.ts';
import { PulseServer, rigDevices } from '../rig/pulse.ts';
import type { Check, Scene } from './check.ts';
import { expectPace, PublishStage, speechOf } from './publish-stage.ts';
import { expectSameSpeech } from './same-speech.ts';
import { PUBLISH_KEY } from './standalone.ts';

const SONG = 'Somebody - Something';

/** Its settings: one server of Icecast's kind, connected to at once, Opus at 64 kbit/s. */
function configurationOf(port: number): string {
  return [
    '[main]',
    'server = rig',
    'srv_ent = rig',
    'num_of_srv = 1',
    'num_of_icy = 0',
    'gain = 1.0',
    'connect_at_startup = 1',
    '[audio]',
    'device = default',
    'samplerate = 48000',
    'bitrate = 64',
    'channel = 2',
    'codec = opus',
    'buffer_ms = 50',
    '[opus_codec_stream]',
    'bitrate_mode = 1',
    'quality = 0',
    'audio_type = 0',
    'bandwidth = 0',
    '[rig]',
    'address = 127.0.0.1',
    `port = ${port}`,
    `password = ${PUBLISH_KEY}`,
    'type = 1',
    'tls = 0',
    'protocol = 0',
    'mount = music',
    'usr = source',
    '',
  ].join('\n');
}

/** A person's program, on a screen and a microphone of the check's own; its song changes while it runs. */
async function butt(scene: Scene): Promise<Row> {
  const stage = await PublishStage.start(scene);
  const { wav, sound } = await speechOf(scene);
  const folder = join(scene.folder(), 'open');
  const log = join(folder, 'butt.log');
  const pulse = await PulseServer.start(folder, log);
  scene.defer(() => pulse.stop());
  const display = await VirtualDisplay.start(
    { ...pulse.deviceEnv('a'), HOME: folder, LC_ALL: 'C.UTF-8' },
    log,
  );
  scene.defer(() => display.stop());
  const configuration = join(folder, 'buttrc');
  writeFileSync(configuration, configurationOf(stage.port));
  const control = String(await freePort());
  const program = await Child.start('butt', ['-c', configuration, '-p', control], {
    env: display.env,
    logPath: log,
  });
  scene.defer(() => program.stop());
  await waitFor('butt', PATIENCE_MS, () => (stage.heard.frames.length > 0 ? true : null));
  // It says so beside the stream, and begins a new link of the chain with it.
  await run('butt', ['-p', control, '-u', SONG], { env: display.env });
  await waitFor('the song', PATIENCE_MS, () => (stage.titles().at(-1) === SONG ? true : null));
  const player = await Player.start(wav, rigDevices.a.microphoneSink, pulse.env);
  await player.finished(PATIENCE_MS);
  await run('butt', ['-p', control, '-d'], { env: display.env });
  await stage.ended();
  const links = await stage.links(scene, 'publish-butt');
  const longest = links.reduce((one, other) => (other.length > one.length ? other : one));
  const likeness = expectSameSpeech(sound, longest);
  return { ...likeness, ...expectPace(stage.heard), links: links.length, titles: stage.titles().join(', ') };
}

export const buttCheck: Check = {
  name: 'publish: butt',
  needs: ['butt', 'ffmpeg', 'openbox', 'pactl', 'paplay', 'pulseaudio', 'Xvfb', 'xdotool'],
  run: butt,
};
