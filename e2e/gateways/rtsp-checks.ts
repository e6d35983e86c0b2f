import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../bench/report.ts';
import { LISTENER_USER } from '../../src/core/program/listening.ts';
import { readRtcp } from '../../src/core/rtp/rtcp-reading.ts';
import { TRANSCRIPTS } from '../../src/core/rtsp/transcripts.ts';
import { Child, run, waitFor } from '../rig/child.ts';
import type { Check, Scene } from './check.ts';
import { countEqual } from './ogg-packets.ts';
import { compareSound } from './ogg-players.ts';
import { type Material, makeMaterial, playPackets } from './ogg-stage.ts';
import { type ReceivedSound, RtspClient } from './rtsp-client.ts';
import {
  decodeFilm,
  decodeStream,
  type Film,
  makeFilm,
  PICTURE_MS,
  slicesOf,
  unpackStream,
} from './rtsp-pictures.ts';
import {
  ffmpegPlayer,
  gstreamerPlayer,
  type RtspPlayer,
  vlcPlayer,
  vlcSpeaksRtsp,
  type Way,
} from './rtsp-players.ts';
import { LISTENING_PASSWORD, RtspStage } from './rtsp-stage.ts';
import { conversationChannel, LINK_KEY } from './standalone.ts';

/** Players come in when so much was published already, in ms: all of them join in the middle. */
const LATE_MS = 2_500;

const LISTEN_SECONDS = 6;

/** What a player that buffers and starts on a busy machine must have heard of it all the same. */
const MUST_HEAR_SECONDS = 3;

/** From PLAY on, a joiner hears within this time, in ms. */
const MAX_JOIN_MS = 300;

/** A decoder that begins anywhere is in step after this much sound, in ms (RFC 7845, section 4.6). */
const DECODER_MS = 80;

const FRAME_SAMPLES = 960;
const FRAME_MS = 20;

const LOGIN = { user: LISTENER_USER, password: LISTENING_PASSWORD };

const WAYS: readonly Way[] = ['tcp', 'udp'];

/** A stage on which speech is heard over and over, some time after it began. */
async function playing(scene: Scene, lateMs = LATE_MS): Promise<{ stage: RtspStage; material: Material }> {
  const material = await makeMaterial(scene);
  const stage = await RtspStage.start(scene);
  stage.begin();
  scene.defer(playPackets(material.packets, (packet) => stage.frame(packet)));
  await sleep(lateMs);
  return { stage, material };
}

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
    const { stage, material } = await playing(scene);
    const url = stage.url('music');
    const players: Record<string, Listening> = {};
    for (const way of WAYS) {
      players[`ffmpeg-${way}`] = () => ffmpegPlayer(scene, url, way, LISTEN_SECONDS);
      players[`gstreamer-${way}`] = () => gstreamerPlayer(scene, url, way, LISTEN_SECONDS);
    }
    const row = await hearWith(players, material);
    const entries = ['-show_entries', 'stream=codec_name,sample_rate', '-of', 'default=nw=1', url];
    const probed = await run('ffprobe', ['-v', 'error', ...entries], { maxMs: 20_000 });
    if (!/codec_name=opus\nsample_rate=48000/.test(probed)) throw new Error(`ffprobe says ${probed}`);
    return row;
  },
};

const locked: Check = {
  name: 'rtsp: a password, a link, and TLS let real players in; a wrong password does not',
  needs: ['ffmpeg', 'gst-launch-1.0'],
  run: async (scene) => {
    const { stage, material } = await playing(scene);
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
    const { stage, material } = await playing(scene);
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

/** @throws Error when numbers and clock do not go on from packet to packet */
function expectInOrder(sound: readonly ReceivedSound[]): void {
  for (const [at, { sequence, timestamp }] of sound.entries()) {
    const before = sound[at - 1];
    if (before === undefined) continue;
    const isNext =
      sequence === (before.sequence + 1) % 2 ** 16 &&
      timestamp === (before.timestamp + FRAME_SAMPLES) % 2 ** 32;
    if (!isNext) throw new Error(`packet ${at} does not follow the one before it`);
  }
}

const bytes: Check = {
  name: 'rtsp: every payload is the packet that was published, with numbers, clock and reports that go on',
  needs: ['ffmpeg'],
  run: async (scene) => {
    const { stage, material } = await playing(scene);
    const row: Record<string, number> = {};
    for (const way of WAYS) {
      const client = await RtspClient.open(stage.server.port, 'music');
      await client.setUp(way);
      const answer = await client.ask('PLAY');
      await sleep(5_500);
      await client.ask('TEARDOWN');
      await sleep(50);
      const { sound, arrivals } = client;
      client.close();
      expectInOrder(sound);
      row[`${way}Packets`] = countEqual(
        sound.map(({ payload }) => payload),
        material.packets,
      );
      const [first] = sound;
      const announced = answer.headers.get('rtp-info') ?? '';
      if (!announced.endsWith(`;seq=${first?.sequence};rtptime=${first?.timestamp}`))
        throw new Error(`the first packet was announced as ${announced}`);
      const reports = arrivals.filter(({ kind }) => kind === 'rtcp').map(({ packet }) => readRtcp(packet));
      if (arrivals[0]?.kind !== 'rtcp' && way === 'tcp') throw new Error('no report came before the sound');
      const last = reports.at(-1);
      if (reports.length < 3 || last?.ok !== true || !last.bye)
        throw new Error(`${reports.length} reports, and no goodbye as the last`);
      row[`${way}Reports`] = reports.length;
    }
    return row;
  },
};

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0) * 10) / 10;
}

/** Times of one joiner, in ms from PLAY on: to the first packet, and to enough sound for a decoder to be in step. */
async function join(stage: RtspStage, way: Way): Promise<{ first: number; heard: number }> {
  const client = await RtspClient.open(stage.server.port, 'music');
  await client.setUp(way);
  const startMs = performance.now();
  const answered = client.ask('PLAY');
  const needed = DECODER_MS / FRAME_MS + 1;
  await waitFor('sound', 2_000, () => (client.sound.length >= needed ? true : null));
  await answered;
  const { sound } = client;
  client.close();
  return {
    first: (sound[0]?.atMs ?? Number.NaN) - startMs,
    heard: (sound[needed - 1]?.atMs ?? Number.NaN) - startMs,
  };
}

/** From the PLAY of a real player to its first decoded sound, in ms. */
async function joinFfmpeg(stage: RtspStage): Promise<number> {
  const plays = stage.counter('plays');
  const eager = ['-fflags', 'nobuffer', '-flags', 'low_delay', '-probesize', '32', '-analyzeduration', '0'];
  const input = ['-rtsp_transport', 'tcp', '-i', stage.url('music')];
  const output = ['-t', '1', '-f', 's16le', '-flush_packets', '1', 'pipe:1'];
  const child = await Child.start('ffmpeg', ['-v', 'error', ...eager, ...input, ...output], {
    pipeStdout: true,
  });
  let firstMs: number | null = null;
  child.stdout?.on('data', () => {
    firstMs ??= performance.now();
  });
  let playedMs = 0;
  while (stage.counter('plays') === plays) {
    if (child.ending !== null) throw new Error('ffmpeg ended before it played');
    await sleep(1);
    playedMs = performance.now();
  }
  await child.ended;
  if (firstMs === null) throw new Error('ffmpeg gave no sound');
  return firstMs - playedMs;
}

const joined: Check = {
  name: `rtsp: who comes in the middle hears within ${MAX_JOIN_MS} ms of PLAY`,
  needs: ['ffmpeg'],
  run: async (scene) => {
    const { stage } = await playing(scene);
    const row: Record<string, number> = {};
    for (const way of WAYS) {
      const joins: { first: number; heard: number }[] = [];
      for (let count = 0; count < 20; count += 1) {
        joins.push(await join(stage, way));
        await sleep(7);
      }
      row[`${way}FirstPacketMs`] = percentile(
        joins.map(({ first }) => first),
        1,
      );
      row[`${way}HeardP50Ms`] = percentile(
        joins.map(({ heard: at }) => at),
        0.5,
      );
      row[`${way}HeardMaxMs`] = percentile(
        joins.map(({ heard: at }) => at),
        1,
      );
    }
    const ffmpeg: number[] = [];
    for (let count = 0; count < 3; count += 1) ffmpeg.push(await joinFfmpeg(stage));
    row['ffmpegP50Ms'] = percentile(ffmpeg, 0.5);
    row['ffmpegMaxMs'] = percentile(ffmpeg, 1);
    for (const [name, ms] of Object.entries(row))
      if (!(ms <= MAX_JOIN_MS)) throw new Error(`${name} is ${ms} ms: ${JSON.stringify(row)}`);
    return row;
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
    await waitFor('the wish to hear it', 10_000, () =>
      gateways.toRoom.some((message) => message.kind === 'demand' && message.wanted) ? true : null,
    );
    scene.defer(playPackets(material.packets, (packet) => gateways.mix(2, packet)));
    const row = compareSound('ffmpeg', await listening, material.sound, MUST_HEAR_SECONDS);
    await waitFor('the wish to end', 5_000, () => {
      const last = gateways.toRoom.filter((message) => message.kind === 'demand').at(-1);
      return last?.kind === 'demand' && !last.wanted ? true : null;
    });
    return row;
  },
};

const hostile: Check = {
  name: 'rtsp: who sends a byte a second, or nonsense, is put out, and nobody else notices',
  needs: ['ffmpeg'],
  run: async (scene) => {
    const { stage, material } = await playing(scene, 500);
    const honest = await RtspClient.open(stage.server.port, 'music');
    await honest.setUp('tcp');
    await honest.ask('PLAY');
    const slow = await RtspClient.open(stage.server.port, 'music');
    const large = await RtspClient.open(stage.server.port, 'music');
    const odd = await RtspClient.open(stage.server.port, 'music');
    large.write(`DESCRIBE ${'x'.repeat(70_000)}`);
    odd.write('\u0000\u0001\u0002 nonsense\r\n\r\n');
    const drip = setInterval(() => slow.write('O'), 1_000);
    slow.write('O');
    await waitFor('all of them to be put out', 20_000, () => {
      return [slow, large, odd].every(({ closedMs }) => closedMs !== null) ? true : null;
    });
    clearInterval(drip);
    const { sound } = honest;
    honest.close();
    expectInOrder(sound);
    const payloads = sound.map(({ payload }) => payload);
    return {
      honestPackets: countEqual(payloads, material.packets),
      requestTooSlow: stage.counter('requestTooSlow'),
      messageTooLarge: stage.counter('messageTooLarge'),
      requestLine: stage.counter('requestLine'),
    };
  },
};

/** Shows the film over and over, with sound. @returns stops it */
function showFilm(stage: RtspStage, film: Film, material: Material): () => void {
  const stop = playPackets(material.packets, (packet) => stage.frame(packet));
  const startMs = performance.now();
  let shown = 0;
  const timer = setInterval(() => {
    for (; shown * PICTURE_MS <= performance.now() - startMs; shown += 1) {
      const picture = film.pictures[shown % film.pictures.length];
      const rounds = Math.floor(shown / film.pictures.length);
      if (picture !== undefined)
        stage.accessUnit(picture.units, picture.ticks + rounds * film.ticks, picture.key);
    }
  }, PICTURE_MS / 4);
  return () => {
    clearInterval(timer);
    stop();
  };
}

/**
 * Where in the film a player came in.
 *
 * @throws Error when what follows is not the film from there on, over and over
 */
function expectFilm(name: string, film: readonly string[], seen: readonly string[]): number {
  const from = film.indexOf(seen[0] ?? '');
  if (from === -1) throw new Error(`${name} began with a picture that is none of the film`);
  const wrong = seen.findIndex((picture, at) => film[(from + at) % film.length] !== picture);
  if (wrong !== -1) throw new Error(`${name}: picture ${wrong} of ${seen.length} is another one`);
  return from;
}

const pictures: Check = {
  name: 'rtsp: a film comes through picture for picture, over TCP and UDP, from a key on',
  needs: ['ffmpeg', 'ffprobe', 'gst-launch-1.0'],
  run: async (scene) => {
    const film = await makeFilm(scene);
    const material = await makeMaterial(scene);
    const stage = await RtspStage.start(scene);
    stage.begin();
    scene.defer(showFilm(stage, film, material));
    await sleep(LATE_MS);
    const url = stage.url('music');
    const count = film.pictures.length;
    const [file, tcp, udp, unpacked] = await Promise.all([
      decodeFilm(film),
      decodeStream(scene, url, 'tcp', count),
      decodeStream(scene, url, 'udp', count),
      unpackStream(scene, url, count),
    ]);
    if (file.hashes.length !== count || new Set(file.hashes).size !== count)
      throw new Error('the film does not consist of different pictures');
    const slices = slicesOf(readFileSync(film.path)).map((slice) => slice.toString('latin1'));
    const starts = [
      expectFilm('ffmpeg over TCP', file.hashes, tcp.hashes),
      expectFilm('ffmpeg over UDP', file.hashes, udp.hashes),
      expectFilm(
        'GStreamer',
        slices,
        unpacked.map((slice) => slice.toString('latin1')),
      ),
    ];
    if (starts.some((start) => film.pictures[start]?.key !== true)) throw new Error(`begun at ${starts}`);
    for (const { seconds } of [tcp, udp]) {
      const odd = seconds.findIndex((second, at) => Math.abs(second * 1_000 - at * PICTURE_MS) > 1);
      if (odd !== -1) throw new Error(`picture ${odd} is shown at ${seconds[odd]} s`);
    }
    return { ffmpegTcp: tcp.hashes.length, ffmpegUdp: udp.hashes.length, gstreamer: unpacked.length };
  },
};

export const rtspChecks: readonly Check[] = [heard, locked, vlc, bytes, joined, mixed, pictures, hostile];
