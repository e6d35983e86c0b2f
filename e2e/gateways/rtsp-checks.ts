import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../bench/report.ts';
import { LISTENER_USER } from '../../src/core/program/listening.ts';
import { TRANSCRIPTS } from '../../src/core/rtsp/transcripts.ts';
import { PATIENCE_MS, run, waitFor } from '../rig/child.ts';
import type { Check } from './check.ts';
import { countEqual } from './ogg-packets.ts';
import { compareSound } from './ogg-players.ts';
import { type Material, makeMaterial, playPackets } from './ogg-stage.ts';
import { type ReceivedSound, RtspClient } from './rtsp-client.ts';
import { rtspFilmCheck } from './rtsp-film-check.ts';
import {
  ffmpegPlayer,
  gstreamerPlayer,
  type RtspPlayer,
  vlcPlayer,
  vlcSpeaksRtsp,
  WAYS,
  type Way,
} from './rtsp-players.ts';
import { LISTENING_PASSWORD, playingStage, type RtspStage } from './rtsp-stage.ts';
import { rtspWireChecks } from './rtsp-wire-checks.ts';
import { conversationChannel, LINK_KEY } from './standalone.ts';

const LISTEN_SECONDS = 6;

/** What a player that buffers and starts on a busy machine must have heard of it all the same. */
const MUST_HEAR_SECONDS = 3;

const LOGIN = { user: LISTENER_USER, password: LISTENING_PASSWORD };

type Listening = () => Promise<Float32Array>;

/** Lets players listen at the same time, and compares what each heard. */
async function hearWith(players: Readonly<Record<string, Listening>>, { sound }: Material): Promise<Row> {
  const rows = await Promise.all(
    Object.entries(players).map(async ([name, listen]) =>
      compareSound(name, await listen(), sound, MUST_HEAR_SECONDS),
    ),
  );
  return Object.assign({}, ...rows);
}

const heard: Check = {
  name: 'rtsp: ffmpeg and GStreamer hear what is published, inside the connection and beside it',
  needs: ['ffmpeg', 'ffprobe', 'gst-launch-1.0'],
  run: async (scene) => {
    const { stage, material } = await playingStage(scene);
    const url = stage.url('music');
    const players: Record<string, Listening> = {};
    for (const way of WAYS) {
      players[`ffmpeg-${way}`] = () => ffmpegPlayer(scene, url, way, LISTEN_SECONDS);
      players[`gstreamer-${way}`] = () => gstreamerPlayer(scene, url, way, LISTEN_SECONDS);
    }
    const row = await hearWith(players, material);
    const entries = ['-show_entries', 'stream=codec_name,sample_rate', '-of', 'default=nw=1', url];
    const probed = await run('ffprobe', ['-v', 'error', ...entries], { maxMs: PATIENCE_MS });
    if (!/codec_name=opus\nsample_rate=48000/.test(probed)) throw new Error(`ffprobe says ${probed}`);
    return row;
  },
};

const locked: Check = {
  name: 'rtsp: a password, a link, and TLS let real players in; a wrong password does not',
  needs: ['ffmpeg', 'gst-launch-1.0'],
  run: async (scene) => {
    const { stage, material } = await playingStage(scene);
    const linked = stage.url(`link?key=${LINK_KEY}`);
    const row = await hearWith(
      {
        ffmpegPassword: () => ffmpegPlayer(scene, stage.url('locked'), 'tcp', LISTEN_SECONDS, LOGIN),
        gstreamerPassword: () => gstreamerPlayer(scene, stage.url('locked'), 'udp', LISTEN_SECONDS, LOGIN),
        ffmpegLink: () => ffmpegPlayer(scene, linked, 'udp', LISTEN_SECONDS),
        gstreamerLink: () => gstreamerPlayer(scene, linked, 'tcp', LISTEN_SECONDS),
        ffmpegTls: () =>
          ffmpegPlayer(scene, stage.url('music').replace('rtsp:', 'rtsps:'), 'tcp', LISTEN_SECONDS),
      },
      material,
    );
    const wrong = { ...LOGIN, password: 'wrong' };
    const refused = await ffmpegPlayer(scene, stage.url('locked'), 'tcp', 1, wrong).catch(() => null);
    if (refused !== null) throw new Error('a wrong password was taken');
    return { ...row, digestRight: stage.counter('digestRight'), digestWrong: stage.counter('digestWrong') };
  },
};

/** Says what a recorded player said, on a connection of its own; the sound that came. */
async function replay(stage: RtspStage, name: RegExp): Promise<readonly ReceivedSound[]> {
  const transcript = TRANSCRIPTS.find((candidate) => name.test(candidate.name));
  if (transcript === undefined) throw new Error('there is no such transcript');
  const requests = Buffer.from(transcript.bytes).toString('latin1').split('\r\n\r\n').slice(0, -1);
  const client = await RtspClient.open(stage.server.port, 'music');
  for (const request of requests) {
    const [first = '', ...lines] = request.split('\r\n');
    const headers = lines.map((line) => line.split(/: (.*)/, 2) as [string, string]);
    const [method = '', address = ''] = first.split(' ');
    if (method === 'TEARDOWN') await sleep(4_000);
    const own = Object.fromEntries(headers.filter(([header]) => header !== 'Session'));
    const path = new URL(address).pathname.replace('/music', '');
    const answer = method === 'SETUP' ? await client.setUp('tcp') : await client.ask(method, path, own);
    if (answer.status !== 200) throw new Error(`${method} was answered with ${answer.status}`);
  }
  const { sound } = client;
  client.close();
  return sound;
}

const vlc: Check = {
  name: 'rtsp: VLC hears what is published, where it speaks RTSP; and what it says is understood',
  needs: ['cvlc'],
  run: async (scene) => {
    const { stage, material } = await playingStage(scene);
    const packets = countEqual(
      (await replay(stage, /^VLC/)).map(({ payload }) => payload),
      material.packets,
    );
    if (!vlcSpeaksRtsp()) {
      process.stderr.write('NOT RUN with VLC itself: this one was built without live555, its RTSP\n');
      return { replayedPackets: packets, vlcHeard: false };
    }
    const hear = (player: RtspPlayer, way: Way): Listening => {
      return () => player(scene, stage.url('music'), way, LISTEN_SECONDS);
    };
    const row = await hearWith(
      {
        vlcTcp: hear(vlcPlayer, 'tcp'),
        vlcUdp: hear(vlcPlayer, 'udp'),
        vlcPassword: () => vlcPlayer(scene, stage.url('locked'), 'tcp', LISTEN_SECONDS, LOGIN),
      },
      material,
    );
    return { ...row, replayedPackets: packets, vlcHeard: true };
  },
};

const mixed: Check = {
  name: 'rtsp: the mix of a channel is heard as soon as somebody plays it, and made only for that',
  needs: ['ffmpeg'],
  run: async (scene) => {
    const material = await makeMaterial(scene);
    const gateways = await scene.gateways({ channels: [conversationChannel()] });
    gateways.stand(2, 64_000);
    const url = `rtsp://127.0.0.1:${gateways.rtspPort}/talk`;
    const listening = ffmpegPlayer(scene, url, 'tcp', LISTEN_SECONDS);
    await waitFor('the wish to hear it', PATIENCE_MS, () =>
      gateways.toRoom.some((message) => message.kind === 'demand' && message.wanted) ? true : null,
    );
    scene.defer(playPackets(material.packets, (packet) => gateways.mix(2, packet)));
    const row = compareSound('ffmpeg', await listening, material.sound, MUST_HEAR_SECONDS);
    await waitFor('the wish to end', PATIENCE_MS, () => {
      const last = gateways.toRoom.filter((message) => message.kind === 'demand').at(-1);
      return last?.kind === 'demand' && !last.wanted ? true : null;
    });
    return row;
  },
};

export const rtspChecks: readonly Check[] = [heard, locked, vlc, mixed, ...rtspWireChecks, rtspFilmCheck];
