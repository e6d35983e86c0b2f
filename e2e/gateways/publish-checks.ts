import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../bench/report.ts';
import { pageOfPackets } from '../../src/core/ogg/ogg-rig.ts';
import { writeOpusHead, writeOpusTags } from '../../src/core/ogg/opus-headers.ts';
import { Child, PATIENCE_MS, run, waitFor } from '../rig/child.ts';
import { writeWavFile } from '../sound/wav.ts';
import { type Check, MissedLimit, type Scene } from './check.ts';
import { inTime } from './in-time.ts';
import { buttCheck } from './publish-butt.ts';
import { expectPace, expectSamePackets, PublishStage, speechOf } from './publish-stage.ts';
import { expectSameSpeech } from './same-speech.ts';
import { PUBLISH_KEY } from './standalone.ts';

/** Of each song, in samples: 5 s. */
const SONG_SAMPLES = 240_000;

/** Longest wait of a live packet, p99, in ms: on a busy machine, in a thread that writes and reads at once. */
const MAX_DELAY_MS = 20;

const OPUS = ['-c:a', 'libopus', '-b:a', '64k', '-metadata', 'title=Spoken', '-f', 'ogg'];

function sh(script: string): Promise<string> {
  return run('sh', ['-c', script], { maxMs: PATIENCE_MS });
}

function expectEqual(what: string, found: unknown, wanted: unknown): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${what}: ${one}, and not ${other}`);
}

/** What every publisher's check ends with: the sound the kernel got is what was published, at its pace. */
async function judge(scene: Scene, stage: PublishStage, name: string, sound: Float32Array): Promise<Row> {
  await stage.ended();
  const likeness = expectSameSpeech(sound, await stage.sound(scene, name));
  return { ...likeness, ...expectPace(stage.heard), packets: stage.heard.frames.length };
}

/** A whole file at once: byte for byte, no faster than it is heard. */
async function curlFile(scene: Scene): Promise<Row> {
  const stage = await PublishStage.start(scene);
  const speech = await speechOf(scene);
  const answer = await sh(`curl -sS -T ${speech.ogg} ${stage.url('/publish/music')}`);
  expectEqual('answer', answer.trim(), 'Everything was heard.');
  const row = await judge(scene, stage, 'publish-curl', speech.sound);
  expectSamePackets(stage.heard, speech.packets);
  const pages = Buffer.concat(stage.heard.pages.map(({ bytes }) => bytes));
  if (!pages.equals(readFileSync(speech.ogg))) throw new Error('the pages are not those of the file');
  expectEqual('titles', stage.titles(), ['Harvard sentences']);
  expectEqual('events', stage.heard.events, ['begin Ärzte', 'end']);
  return row;
}

/** ffmpeg by one of its ways out. @param target of `stage` @param source name that it is shown under */
function ffmpeg(
  name: string,
  target: (stage: PublishStage) => readonly string[],
  source = 'Publisher',
): (scene: Scene) => Promise<Row> {
  return async (scene) => {
    const stage = await PublishStage.start(scene);
    const { wav, sound } = await speechOf(scene);
    await run('ffmpeg', ['-v', 'error', '-re', '-i', wav, ...OPUS, ...target(stage)], {
      maxMs: PATIENCE_MS,
    });
    const row = await judge(scene, stage, name, sound);
    expectEqual('titles', stage.titles(), ['Spoken']);
    expectEqual('events', stage.heard.events, [`begin ${source}`, 'end']);
    return row;
  };
}

async function ffmpegThroughCurl(scene: Scene): Promise<Row> {
  const stage = await PublishStage.start(scene);
  const { wav, sound } = await speechOf(scene);
  await sh(
    `ffmpeg -v error -re -i ${wav} ${OPUS.join(' ')} - | curl -sS -T - ${stage.url('/publish/music')}`,
  );
  return judge(scene, stage, 'publish-ffmpeg-curl', sound);
}

/** Packets that ffmpeg does not make but passes on are heard byte for byte. */
async function ffmpegCopy(scene: Scene): Promise<Row> {
  const stage = await PublishStage.start(scene);
  const { ogg, sound, packets } = await speechOf(scene);
  const target = ['-content_type', 'application/ogg', stage.url('/music.ogg', 'icecast')];
  const copy = ['-c', 'copy', '-page_duration', '20000', '-f', 'ogg'];
  await run('ffmpeg', ['-v', 'error', '-re', '-i', ogg, ...copy, ...target], { maxMs: PATIENCE_MS });
  const row = await judge(scene, stage, 'publish-ffmpeg-copy', sound);
  expectSamePackets(stage.heard, packets);
  return row;
}

async function opusencThroughCurl(scene: Scene): Promise<Row> {
  const stage = await PublishStage.start(scene);
  const { wav, sound } = await speechOf(scene);
  const encode = `opusenc --quiet --title Encoded --bitrate 64 ${wav} -`;
  await sh(`${encode} | curl -sS -H 'Content-Type: audio/ogg' -T - ${stage.url('/publish/music')}`);
  const row = await judge(scene, stage, 'publish-opusenc', sound);
  expectEqual('titles', stage.titles(), ['Encoded']);
  return row;
}

async function libshout(scene: Scene): Promise<Row> {
  const stage = await PublishStage.start(scene);
  const { ogg, sound, packets } = await speechOf(scene);
  const where = `-H 127.0.0.1 -P ${stage.port} --pass ${PUBLISH_KEY} --user source --mount /music`;
  await sh(`shout ${where} --format ogg --station-name "Shouted Radio" < ${ogg}`);
  const row = await judge(scene, stage, 'publish-libshout', sound);
  expectSamePackets(stage.heard, packets);
  expectEqual('events', stage.heard.events, ['begin Shouted Radio', 'end']);
  return row;
}

/** Two songs one after the other: liquidsoap begins a new link of the chain with the second one's tags. */
async function liquidsoap(scene: Scene): Promise<Row> {
  const stage = await PublishStage.start(scene);
  const folder = join(scene.folder(), 'open');
  const sound = (await scene.speech()).slice(0, 2 * SONG_SAMPLES);
  const songs = ['First', 'Second'].map((title, at) => {
    const path = join(folder, `${title}.wav`);
    writeWavFile(path, sound.subarray(at * SONG_SAMPLES, (at + 1) * SONG_SAMPLES), 48_000);
    return `once(single('annotate:title="${title}",artist="Liquid":${path}'))`;
  });
  const script = [
    'settings.init.allow_root.set(true)',
    `songs = sequence([${songs.join(', ')}])`,
    'output.icecast(%opus(bitrate=64, channels=1, vbr="constrained"), host="127.0.0.1", ' +
      `port=${stage.port}, user="source", password="${PUBLISH_KEY}", mount="music", name="Liquid Radio", ` +
      'format="audio/ogg", fallible=true, on_stop=shutdown, songs)',
  ].join('\n');
  const child = await Child.start('liquidsoap', [script], {
    env: { ...process.env, HOME: folder },
    logPath: join(folder, 'liquidsoap.log'),
  });
  scene.defer(() => child.stop());
  await waitFor('the second song', PATIENCE_MS, () => (stage.titles().includes('Second') ? true : null));
  await waitFor('the end of the songs', PATIENCE_MS, () =>
    stage.heard.events.includes('end') || child.ending !== null ? true : null,
  );
  await child.stop();
  await stage.ended();
  expectEqual('titles', stage.titles(), ['First', 'Second']);
  expectEqual('events', stage.heard.events, ['begin Liquid Radio', 'end']);
  const links = await stage.links(scene, 'publish-liquidsoap');
  expectEqual('links', links.length, 2);
  const likenesses = links.map((heard, at) => {
    // Liquidsoap connects while the first song runs already, and hangs up before the last packets of the second.
    const song = sound.slice(at * SONG_SAMPLES + 24_000, (at + 1) * SONG_SAMPLES - 36_000);
    return expectSameSpeech(song, heard);
  });
  const holes = stage.counter('stream.holes') + stage.counter('stream.skippedBytes');
  expectEqual('lost', holes, 0);
  return { likenesses: JSON.stringify(likenesses), ...expectPace(stage.heard) };
}

/** Others who want to publish, rightly or not, while somebody does: they are told no, and nobody hears of it. */
async function refusals(scene: Scene): Promise<Row> {
  const stage = await PublishStage.start(scene);
  const { ogg, wav, packets, sound } = await speechOf(scene);
  const curl = (path: string, key: string, file: string, more = ''): Promise<string> =>
    sh(`curl -sS -o /dev/null -w '%{http_code}' ${more} -T ${file} '${stage.url(path, 'http', key)}'`);
  expectEqual('wrong key', await curl('/publish/music', 'wrong', ogg), '401');
  expectEqual('no channel', await curl('/publish/nowhere', PUBLISH_KEY, ogg), '404');
  expectEqual('no Ogg', await curl('/publish/music', PUBLISH_KEY, wav), '415');
  expectEqual(
    'a picture',
    await curl('/publish/music', PUBLISH_KEY, ogg, '-H "Content-Type: image/png"'),
    '415',
  );
  const vorbis = `${ogg}.vorbis.ogg`;
  await run('ffmpeg', ['-v', 'error', '-i', wav, '-c:a', 'libvorbis', vorbis]);
  expectEqual('Vorbis', await curl('/publish/music', PUBLISH_KEY, vorbis), '415');
  const wide = `${ogg}.wide.ogg`;
  await run('ffmpeg', ['-v', 'error', '-i', wav, '-ac', '6', '-c:a', 'libopus', wide]);
  expectEqual('six channels', await curl('/publish/music', PUBLISH_KEY, wide), '415');
  expectEqual('nobody heard of it', stage.heard.events, []);
  const first = curl('/publish/music', PUBLISH_KEY, ogg);
  await waitFor('the first publisher', PATIENCE_MS, () => (stage.heard.frames.length > 0 ? true : null));
  expectEqual('second publisher', await curl('/publish/music', PUBLISH_KEY, ogg), '409');
  expectEqual('second source', await curl('/music', PUBLISH_KEY, ogg, '-H "ice-name: x"'), '403');
  await sleep(500);
  expectEqual('first publisher', await first, '200');
  await judge(scene, stage, 'publish-refusals', sound);
  expectSamePackets(stage.heard, packets);
  const names = [
    'proofWrong',
    'unknownChannel',
    'noOgg',
    'wrongType',
    'noOpus',
    'tooManyChannels',
    'publisherBusy',
  ];
  const counted = Object.fromEntries(names.map((name) => [name, stage.counter(name)]));
  const wanted = [1, 1, 1, 1, 1, 1, 2];
  expectEqual('counted', Object.values(counted), wanted);
  return counted;
}

/** Songs named beside the stream, as Icecast's source clients do, in two charsets. */
async function songs(scene: Scene): Promise<Row> {
  const stage = await PublishStage.start(scene);
  const { ogg } = await speechOf(scene);
  const publishing = sh(`curl -sS -T ${ogg} ${stage.url('/publish/music')}`);
  await waitFor('the publisher', PATIENCE_MS, () => (stage.heard.frames.length > 0 ? true : null));
  const tell = (query: string): Promise<string> =>
    sh(`curl -sS '${stage.url(`/admin/metadata?mode=updinfo&mount=/music&${query}`)}'`);
  const answers = [
    await tell('song=Bj%C3%B6rk%20-%20J%C3%B3ga'),
    await tell('song=Mot%F6rhead+-+Ace&charset=ISO-8859-1'),
    await tell('artist=A&title=B'),
  ];
  for (const answer of answers) if (!answer.includes('<return>1</return>')) throw new Error(answer);
  await publishing;
  await stage.ended();
  expectEqual('titles', stage.titles(), ['Harvard sentences', 'Jóga', 'Ace', 'B']);
  const artists = stage.heard.tags
    .flatMap((tags) => tags.filter(([name]) => name === 'artist'))
    .map(([, of]) => of);
  expectEqual('artists', artists, ['Ärzte', 'Björk', 'Motörhead', 'A']);
  return { songs: stage.counter('songs') };
}

/** What a live publisher's packets wait here, each on a page of its own: from the write into its socket to the kernel. */
async function delay(scene: Scene): Promise<Row> {
  const stage = await PublishStage.start(scene);
  const { packets } = await speechOf(scene);
  const socket = connect(stage.port, '127.0.0.1');
  scene.defer(() => socket.destroy());
  await once(socket, 'connect');
  socket.setNoDelay();
  const basic = Buffer.from(`source:${PUBLISH_KEY}`).toString('base64');
  socket.write(`SOURCE /music ICE/1.0\r\nAuthorization: Basic ${basic}\r\nContent-Type: audio/ogg\r\n\r\n`);
  await once(socket, 'data');
  const stamp = { serial: 7, granule: 0n };
  const head = writeOpusHead({ channels: 1, preSkipSamples: 312 });
  socket.write(pageOfPackets([head], { ...stamp, sequence: 0, first: true }));
  socket.write(pageOfPackets([writeOpusTags('check', [])], { ...stamp, sequence: 1 }));
  const sentMs: number[] = [];
  await inTime(packets.length, 20, (at) => {
    const granule = BigInt((at + 1) * 960);
    const page = pageOfPackets([packets[at] ?? Buffer.alloc(0)], { serial: 7, sequence: at + 2, granule });
    sentMs.push(performance.now());
    socket.write(page);
  });
  socket.end();
  await stage.ended();
  expectSamePackets(stage.heard, packets);
  const delays = stage.heard.frames.map(({ atMs }, at) => atMs - (sentMs[at] ?? 0)).sort((a, b) => a - b);
  const percentile = (part: number): number =>
    Math.round((delays[Math.floor(part * (delays.length - 1))] ?? 0) * 100) / 100;
  const row = { delayP50Ms: percentile(0.5), delayP99Ms: percentile(0.99), packets: delays.length };
  if (row.delayP99Ms > MAX_DELAY_MS) throw new MissedLimit(`a live packet waited ${row.delayP99Ms} ms (p99)`);
  return row;
}

const ice = (stage: PublishStage): string => stage.url('/music', 'icecast');

export const publishChecks: readonly Check[] = [
  { name: 'publish: a file by curl', needs: ['curl', 'ffmpeg'], run: curlFile },
  { name: 'publish: ffmpeg to curl', needs: ['curl', 'ffmpeg'], run: ffmpegThroughCurl },
  {
    name: 'publish: ffmpeg by PUT',
    needs: ['ffmpeg'],
    run: ffmpeg('publish-ffmpeg-put', (stage) => ['-method', 'PUT', stage.url('/publish/music')]),
  },
  {
    name: 'publish: ffmpeg by icecast://',
    needs: ['ffmpeg'],
    run: ffmpeg(
      'publish-ffmpeg-icecast',
      (stage) => ['-content_type', 'application/ogg', '-ice_name', 'Füße Radio', ice(stage)],
      'Füße Radio',
    ),
  },
  {
    name: 'publish: ffmpeg by icecast://, as it was',
    needs: ['ffmpeg'],
    run: ffmpeg('publish-ffmpeg-source', (stage) => ['-legacy_icecast', '1', ice(stage)]),
  },
  { name: 'publish: ffmpeg passes packets on', needs: ['ffmpeg'], run: ffmpegCopy },
  { name: 'publish: opusenc to curl', needs: ['curl', 'ffmpeg', 'opusenc'], run: opusencThroughCurl },
  { name: 'publish: libshout', needs: ['ffmpeg', 'shout'], run: libshout },
  { name: 'publish: liquidsoap changes tags', needs: ['ffmpeg', 'liquidsoap'], run: liquidsoap },
  buttCheck,
  { name: 'publish: delay of a live publisher', needs: ['ffmpeg'], run: delay },
  { name: 'publish: refusals', needs: ['curl', 'ffmpeg'], run: refusals },
  { name: 'publish: songs beside the stream', needs: ['curl', 'ffmpeg'], run: songs },
];
