import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../bench/report.ts';
import { Child, PATIENCE_MS, run, waitFor } from '../rig/child.ts';
import type { Check, Scene } from './check.ts';
import { countEqual, packetsOf, pagesOf, soundOf } from './ogg-packets.ts';
import {
  compareSound,
  download,
  type Fit,
  ffmpegPlayer,
  ffplayPlayer,
  gstreamerPlayer,
  opusdecPlayer,
  type Player,
  playbinPlayer,
  vlcPlayer,
} from './ogg-players.ts';
import { type Material, makeMaterial, OggStage, playPackets } from './ogg-stage.ts';
import { conversationChannel, PUBLISH_KEY, publisherChannel, type Standalone } from './standalone.ts';

/** What reads a stream here, by the name its figures get. */
const PLAYERS: Readonly<Record<string, Player>> = {
  ffmpeg: ffmpegPlayer,
  ffplay: ffplayPlayer,
  gstreamer: gstreamerPlayer,
  opusdec: opusdecPlayer,
};
const PLAYER_PROGRAMS = ['ffmpeg', 'ffplay', 'ffprobe', 'gst-launch-1.0', 'curl', 'opusdec', 'cvlc'];

/** Players come in when so much was published already, in ms: all of them join in the middle. */
const LATE_MS = 3_000;

const LISTEN_SECONDS = 6;

/** What a player that buffers and starts on a busy machine must have heard of it all the same. */
const MUST_HEAR_SECONDS = 3;

/**
 * VLC moves sound to fit a clock of its own, and leaves out what a busy machine brings too late: a jump costs it the
 * likeness of all that follows, and no more.
 */
const VLC_FIT: Fit = { similarity: 0.6, stoi: 0.75 };

/** Lets all players listen, VLC by itself, and compares what each heard. */
async function hearWithAll(scene: Scene, url: string, { sound }: Material): Promise<Row> {
  const rows = await Promise.all(
    Object.entries(PLAYERS).map(async ([name, player]) =>
      compareSound(name, await player(scene, url, LISTEN_SECONDS), sound, MUST_HEAR_SECONDS),
    ),
  );
  const vlc = await vlcPlayer(scene, url, LISTEN_SECONDS);
  return Object.assign({}, ...rows, compareSound('vlc', vlc, sound, MUST_HEAR_SECONDS, VLC_FIT));
}

/** What ffprobe says of a stream, in lower case. */
async function probe(url: string): Promise<string> {
  const entries = ['-show_entries', 'stream=codec_name,channels:stream_tags:format_tags'];
  const output = await run('ffprobe', ['-v', 'error', ...entries, '-of', 'default=nw=1', url], {
    maxMs: PATIENCE_MS,
  });
  return output.toLowerCase();
}

function expectLines(text: string, lines: readonly string[]): void {
  for (const line of lines) if (!text.includes(line)) throw new Error(`"${line}" is missing in: ${text}`);
}

/** What opusinfo finds wrong with a stream. */
async function complaintsOf(path: string): Promise<string[]> {
  const lines = (await outputOf('opusinfo', [path])).split('\n');
  if (!lines.some((line) => /playback length/i.test(line))) throw new Error('opusinfo found no sound');
  return lines.filter((line) => /warning|error/i.test(line));
}

/** What a program prints, however it ends. */
async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = await Child.start(command, args, { pipeStdout: true });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  await Promise.all([child.ended, child.stdout === null ? null : once(child.stdout, 'close')]);
  return Buffer.concat(chunks).toString('utf8');
}

/** ffmpeg publishes a file over and over, with a title and an artist. */
async function publish(scene: Scene, gateways: Standalone, path: string, title: string): Promise<Child> {
  const url = `http://source:${PUBLISH_KEY}@127.0.0.1:${gateways.webPort}/publish/music`;
  const input = ['-re', '-stream_loop', '-1', '-i', path, '-c', 'copy'];
  const tags = ['-metadata', `title=${title}`, '-metadata', 'artist=The Checks'];
  const output = ['-f', 'ogg', '-method', 'PUT', '-content_type', 'audio/ogg', url];
  const child = await Child.start('ffmpeg', ['-v', 'error', ...input, ...tags, ...output]);
  scene.defer(() => child.stop());
  await waitFor(`${title} to be on`, PATIENCE_MS, () =>
    gateways.programs.some((program) => program.title === title) ? true : null,
  );
  return child;
}

const writtenHeard: Check = {
  name: 'ogg: real players hear a stream that we write, and its names, from its middle on',
  needs: PLAYER_PROGRAMS,
  run: async (scene) => {
    const material = await makeMaterial(scene);
    const stage = await OggStage.start(scene);
    const feed = stage.begin();
    feed.tags([
      ['title', 'A title'],
      ['artist', 'The Checks'],
    ]);
    scene.defer(playPackets(material.packets, (packet) => feed.frame(packet, performance.now())));
    await sleep(LATE_MS);
    const row = await hearWithAll(scene, stage.url, material);
    expectLines(await probe(stage.url), [
      'codec_name=opus',
      'channels=1',
      'tag:title=a title',
      'artist=the checks',
    ]);
    return row;
  },
};

const writtenBytes: Check = {
  name: 'ogg: a stream that we write holds every packet as it was, and opusinfo finds nothing wrong with it',
  needs: ['ffmpeg', 'curl', 'opusinfo'],
  run: async (scene) => {
    const { packets } = await makeMaterial(scene);
    const stage = await OggStage.start(scene);
    const early = download(scene, stage.url, 6);
    await waitFor('the listener', PATIENCE_MS, () =>
      stage.gateway.counters()['listening'] === 1 ? true : null,
    );
    const feed = stage.begin();
    const stop = playPackets(packets, (packet) => feed.frame(packet, performance.now()));
    await sleep(LATE_MS);
    const late = await download(scene, stage.url, 2);
    stop();
    feed.end();
    const whole = await early;
    const [first] = soundOf(whole.bytes);
    if (packets[0] === undefined || first?.equals(packets[0]) !== true)
      throw new Error('the first packet of the broadcast is missing');
    const complaints = await complaintsOf(whole.path);
    if (complaints.length > 0) throw new Error(complaints.join('; '));
    const head = pagesOf(late.bytes)[2];
    if (head === undefined || head.sequence < 10) throw new Error('the late listener did not come late');
    return {
      packets: countEqual(soundOf(whole.bytes), packets),
      latePackets: countEqual(soundOf(late.bytes), packets),
    };
  },
};

const mixHeard: Check = {
  name: 'ogg: the mix of a channel is heard as soon as somebody asks for it, under the channel’s name',
  needs: ['ffmpeg', 'ffprobe', 'curl'],
  run: async (scene) => {
    const material = await makeMaterial(scene);
    const gateways = await scene.gateways({ channels: [conversationChannel()] });
    gateways.stand(2, 64_000);
    const url = `http://127.0.0.1:${gateways.webPort}/stream/talk.ogg`;
    const heard = ffmpegPlayer(scene, url, LISTEN_SECONDS);
    // Nobody mixes before somebody listens.
    await waitFor('the wish to hear it', PATIENCE_MS, () =>
      gateways.toRoom.some((message) => message.kind === 'demand' && message.wanted) ? true : null,
    );
    scene.defer(playPackets(material.packets, (packet) => gateways.mix(2, packet)));
    const row = compareSound('ffmpeg', await heard, material.sound, MUST_HEAR_SECONDS);
    expectLines(await probe(url), ['codec_name=opus', 'tag:title=talk']);
    const secure = url.replace(/^http/, 'https');
    const { bytes } = await download(scene, secure, 2);
    return { ...row, packetsOverTls: countEqual(soundOf(bytes), material.packets) };
  },
};

const titlesChange: Check = {
  name: 'ogg: a new title in mid-stream is told and not heard',
  needs: ['ffmpeg', 'gst-launch-1.0', 'curl', 'opusdec', 'opusinfo'],
  run: async (scene) => {
    const material = await makeMaterial(scene);
    const stage = await OggStage.start(scene);
    const feed = stage.begin();
    let title = 0;
    const turn = (): void => {
      title += 1;
      feed.tags([['title', `Title ${title}`]]);
    };
    turn();
    const turning = setInterval(turn, 1_700);
    scene.defer(() => clearInterval(turning));
    scene.defer(playPackets(material.packets, (packet) => feed.frame(packet, performance.now())));
    const players = { ffmpeg: ffmpegPlayer, playbin: playbinPlayer, opusdec: opusdecPlayer };
    const heard = Object.entries(players).map(async ([name, player]) =>
      compareSound(name, await player(scene, stage.url, 7), material.sound, 4),
    );
    const { bytes, path } = await download(scene, stage.url, 6);
    const row: Row = Object.assign({}, ...(await Promise.all(heard)));
    const titles = packetsOf(pagesOf(bytes)).flatMap(
      (packet) => /TITLE=(Title \d+)/.exec(packet.bytes.toString('latin1'))?.[1] ?? [],
    );
    if (new Set(titles).size < 3) throw new Error(`told of ${titles.join(', ')} alone`);
    // A stream that is broken off has no end: that, and the gap before a late listener's sound, is said of any.
    const complaints = (await complaintsOf(path)).filter(
      (line) => !/EOS not set|sequence number gap|discontinuity/.test(line),
    );
    if (complaints.length > 0) throw new Error(complaints.join('; '));
    return { ...row, titles: titles.length };
  },
};

const originalHeard: Check = {
  name: 'ogg: real players hear a publisher’s own stream, and its names, from its middle on',
  needs: PLAYER_PROGRAMS,
  run: async (scene) => {
    const material = await makeMaterial(scene);
    const gateways = await scene.gateways({ channels: [publisherChannel()] });
    await publish(scene, gateways, material.path, 'First');
    await sleep(LATE_MS);
    const url = `http://127.0.0.1:${gateways.webPort}/stream/music.ogg`;
    const row = await hearWithAll(scene, url, material);
    expectLines(await probe(url), ['codec_name=opus', 'title=first', 'artist=the checks']);
    const { bytes } = await download(scene, url, 3);
    const [, , sound] = pagesOf(bytes);
    if (sound === undefined || sound.continued || sound.sequence < 3)
      throw new Error('the listener did not come late, or in the middle of a packet');
    return { ...row, packets: countEqual(soundOf(bytes), material.packets) };
  },
};

const nextPublisher: Check = {
  name: 'ogg: a publisher that comes back is heard on the same connection',
  needs: ['ffmpeg', 'curl', 'opusdec'],
  run: async (scene) => {
    const { path, packets } = await makeMaterial(scene);
    const gateways = await scene.gateways({ channels: [publisherChannel()] });
    const first = await publish(scene, gateways, path, 'First');
    const url = `http://127.0.0.1:${gateways.webPort}/stream/music.ogg`;
    const listening = download(scene, url, 9);
    await sleep(2_500);
    await first.stop();
    await waitFor('the end of the first', PATIENCE_MS, () =>
      gateways.programs[0]?.source === null ? true : null,
    );
    await publish(scene, gateways, path, 'Second');
    const heard = await listening;
    const pages = pagesOf(heard.bytes);
    const serials = [...new Set(pages.map(({ serial }) => serial))];
    if (serials.length !== 2) throw new Error(`${serials.length} streams were heard`);
    const counts = serials.map((serial) =>
      countEqual(
        soundOf(Buffer.concat(pages.filter((page) => page.serial === serial).map(({ bytes }) => bytes))),
        packets,
      ),
    );
    const wav = join(scene.folder(), 'both.wav');
    await run('opusdec', ['--quiet', heard.path, wav]);
    const heardSeconds = (readFileSync(wav).length - 44) / 2 / 48_000;
    const sentSeconds = counts.reduce((sum, count) => sum + count, 0) / 50;
    if (Math.abs(heardSeconds - sentSeconds) > 0.1)
      throw new Error(`opusdec decoded ${heardSeconds} s of ${sentSeconds} s`);
    return { firstPackets: counts[0] ?? 0, secondPackets: counts[1] ?? 0 };
  },
};

const slowReader: Check = {
  name: 'ogg: a slow listener loses pages and then its place, and nobody else loses any',
  needs: ['ffmpeg', 'curl'],
  run: async (scene) => {
    const stage = await OggStage.start(scene);
    const slow = download(scene, stage.url, 40, ['--limit-rate', '1k']);
    const healthy = [1, 2, 3].map(() => download(scene, stage.url, 40));
    await waitFor('the listeners', PATIENCE_MS, () =>
      stage.gateway.counters()['listening'] === 4 ? true : null,
    );
    const feed = stage.begin();
    // As long as a packet can be, so that what a connection holds by itself is full within seconds.
    const packets = Array.from({ length: 251 }, (_, number) => Buffer.alloc(3_800, number).fill(0xf8, 0, 1));
    let sent = 0;
    const loading = setInterval(() => {
      for (let count = 0; count < 20; count += 1, sent += 1) {
        feed.frame(packets[sent % packets.length] ?? Buffer.alloc(0), performance.now());
      }
    }, 20);
    scene.defer(() => clearInterval(loading));
    await waitFor('the end of the slow listener', 35_000, () =>
      stage.gateway.counters()['tooSlow'] === 1 ? true : null,
    );
    clearInterval(loading);
    feed.end();
    const { listening = 0 } = stage.gateway.counters();
    if (listening !== 3) throw new Error(`${listening} are left of 3`);
    await sleep(500);
    await stage.gateway.close();
    await slow;
    for (const { bytes } of await Promise.all(healthy)) {
      const received = countEqual(soundOf(bytes), packets);
      if (received !== sent) throw new Error(`a healthy listener got ${received} of ${sent} packets`);
    }
    return { packets: sent, pagesLostBySlow: stage.program.pages.counters.lost };
  },
};

/** Status and headers of what curl asks, in lower case; a stream is left after a second. */
async function headersOf(url: string, options: readonly string[] = []): Promise<string> {
  const output = ['-D', '-', '-o', '/dev/null'];
  return (await outputOf('curl', ['-sk', '-m', '1', ...output, ...options, url])).toLowerCase();
}

const answers: Check = {
  name: 'ogg: HEAD, ranges, Icy-MetaData, HTTP/1.0, keys and other sites are answered as players need it',
  needs: ['ffmpeg', 'curl'],
  run: async (scene) => {
    const { packets } = await makeMaterial(scene);
    const locked = conversationChannel({ id: 3, name: 'Locked', slug: 'locked', access: 'link' });
    const gateways = await scene.gateways({ channels: [conversationChannel(), locked] });
    gateways.stand(2, 64_000);
    gateways.stand(3, 64_000);
    scene.defer(
      playPackets(packets, (packet) => {
        gateways.mix(2, packet);
        gateways.mix(3, packet);
      }),
    );
    const base = `http://127.0.0.1:${gateways.webPort}/stream`;
    const url = `${base}/talk.ogg`;
    const stream = [
      '200 ok',
      'content-type: audio/ogg',
      'accept-ranges: none',
      'access-control-allow-origin: *',
    ];
    const asks: readonly (readonly string[])[] = [
      [],
      ['-I'],
      ['-0'],
      ['-r', '0-'],
      ['-r', '500-'],
      ['-H', 'Icy-MetaData: 1'],
    ];
    for (const options of asks) {
      const head = await headersOf(url, options);
      expectLines(head, stream);
      if (/transfer-encoding|content-length|content-range|icy-/.test(head)) throw new Error(head);
    }
    expectLines(await headersOf(`${base}/locked.ogg`), ['401 ', 'www-authenticate: basic realm="sidetone"']);
    expectLines(await headersOf(`${base}/locked.ogg?key=wrong`), ['401 ']);
    expectLines(await headersOf(`${base}/locked.ogg?key=${locked.linkKey}`), stream);
    expectLines(await headersOf(`${base}/locked.ogg`, ['-u', `listener:${locked.linkKey}`]), stream);
    expectLines(await headersOf(`${base}/none.ogg`), ['404 ']);
    expectLines(await headersOf(url, ['-X', 'OPTIONS', '-H', 'Origin: https://example.org']), [
      '204 ',
      'get, head, options',
    ]);
    const list = await download(scene, `${base}/locked.m3u?key=${locked.linkKey}`, 2);
    if (!list.bytes.toString('utf8').includes(`${base}/locked.ogg?key=${locked.linkKey}`))
      throw new Error(list.bytes.toString('utf8'));
    return { answers: asks.length + 7 };
  },
};

export const oggChecks: readonly Check[] = [
  writtenHeard,
  writtenBytes,
  mixHeard,
  titlesChange,
  originalHeard,
  nextPublisher,
  slowReader,
  answers,
];
