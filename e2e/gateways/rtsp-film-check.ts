import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from './check.ts';
import { type Material, makeMaterial, playPackets } from './ogg-stage.ts';
import {
  decodeFilm,
  decodeStream,
  type Film,
  makeFilm,
  PICTURE_MS,
  slicesOf,
  unpackStream,
} from './rtsp-pictures.ts';
import { LATE_MS, RtspStage } from './rtsp-stage.ts';

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

/** Pictures are shown as far apart as they are in the film. @throws Error when one is not */
function expectSteady(way: string, seconds: readonly number[]): void {
  const [begin = Number.NaN] = seconds;
  const odd = seconds.findIndex((second, at) => !(Math.abs((second - begin) * 1_000 - at * PICTURE_MS) <= 1));
  if (odd !== -1 || seconds.length === 0)
    throw new Error(`over ${way}, picture ${odd} is shown at ${seconds[odd]} s, the first at ${begin} s`);
}

/** A film instead of a publisher, which there is none of yet for pictures. */
export const rtspFilmCheck: Check = {
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
    expectSteady('TCP', tcp.seconds);
    // A player reads its two sockets in any order: on a busy machine it shows the first picture at a time that it
    // guessed, because it had not read the report yet, and counts from the second on.
    expectSteady('UDP', udp.seconds.slice(1));
    return { ffmpegTcp: tcp.hashes.length, ffmpegUdp: udp.hashes.length, gstreamer: unpacked.length };
  },
};
