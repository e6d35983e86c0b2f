import { setTimeout as sleep } from 'node:timers/promises';
import { readRtcp } from '../../src/core/rtp/rtcp-reading.ts';
import { Child, PATIENCE_MS, run, waitFor } from '../rig/child.ts';
import { type Check, MissedLimit } from './check.ts';
import { countEqual } from './ogg-packets.ts';
import { makeMaterial } from './ogg-stage.ts';
import { type ReceivedSound, RtspClient } from './rtsp-client.ts';
import { WAYS, type Way } from './rtsp-players.ts';
import { playingStage, type RtspStage } from './rtsp-stage.ts';
import { PUBLISH_KEY, publisherChannel } from './standalone.ts';

/** From PLAY on, a joiner hears within this time, in ms. */
const MAX_JOIN_MS = 300;

/** A decoder that begins anywhere is in step after this much sound, in ms (RFC 7845, section 4.6). */
const DECODER_MS = 80;

const FRAME_SAMPLES = 960;
const FRAME_MS = 20;

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
    const { stage, material } = await playingStage(scene);
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
  await waitFor('sound', PATIENCE_MS, () => (client.sound.length >= needed ? true : null));
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
    const { stage } = await playingStage(scene);
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
      if (!(ms <= MAX_JOIN_MS)) throw new MissedLimit(`${name} is ${ms} ms: ${JSON.stringify(row)}`);
    return row;
  },
};

/** Packets that come while ffmpeg publishes the file, which is over after a few seconds. */
const published: Check = {
  name: 'rtsp: what ffmpeg publishes comes out as it went in, packet for packet',
  needs: ['ffmpeg'],
  run: async (scene) => {
    const { packets, path } = await makeMaterial(scene);
    const { webPort, rtspPort } = await scene.gateways({ channels: [publisherChannel()] });
    const client = await RtspClient.open(rtspPort ?? 0, 'music');
    await client.setUp('tcp');
    await client.ask('PLAY');
    const to = `http://source:${PUBLISH_KEY}@127.0.0.1:${webPort}/publish/music`;
    const output = ['-c', 'copy', '-f', 'ogg', '-method', 'PUT', '-content_type', 'audio/ogg', to];
    await run('ffmpeg', ['-v', 'error', '-re', '-i', path, ...output], { maxMs: 40_000 });
    await waitFor('the last packet', PATIENCE_MS, () =>
      client.sound.length === packets.length ? true : null,
    );
    const { sound } = client;
    client.close();
    expectInOrder(sound);
    const first = sound[0]?.payload;
    if (first === undefined || packets[0]?.equals(first) !== true)
      throw new Error('the first packet is missing');
    const payloads = sound.map(({ payload }) => payload);
    return { packets: countEqual(payloads, packets), of: packets.length };
  },
};

const hostile: Check = {
  name: 'rtsp: who sends a byte a second, or nonsense, is put out, and nobody else notices',
  needs: ['ffmpeg'],
  run: async (scene) => {
    const { stage, material } = await playingStage(scene, 500);
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
    await waitFor('all of them to be put out', PATIENCE_MS, () => {
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

export const rtspWireChecks: readonly Check[] = [bytes, published, joined, hostile];
