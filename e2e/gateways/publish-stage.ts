import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tags } from '../../src/core/program/broadcast.ts';
import type { ProgramFrame, ProgramPage } from '../../src/core/program/program-frame.ts';
import { Programs } from '../../src/core/program/programs.ts';
import { openDoor } from '../../src/main/gateways/front/door.ts';
import { WebFront } from '../../src/main/gateways/front/web-front.ts';
import type { Gateway } from '../../src/main/gateways/gateway.ts';
import { PROGRAM_LIMITS } from '../../src/main/gateways/program-limits.ts';
import { createPublishGateway } from '../../src/main/gateways/publish/publish-gateway.ts';
import { loadOrCreateCertificate } from '../../src/main/relay/certificate.ts';
import { PATIENCE_MS, run, waitFor } from '../rig/child.ts';
import { readWavFile, writeWavFile } from '../sound/wav.ts';
import type { Scene } from './check.ts';
import { pagesOf, soundOf } from './ogg-packets.ts';
import { PUBLISH_KEY, publisherChannel } from './standalone.ts';

/** Speech that is published, in seconds: checks run one after another. */
export const PUBLISHED_SECONDS = 6;

const RATE_HZ = 48_000;

/** What became of a program, in the order in which it did. */
export interface Heard {
  readonly frames: ProgramFrame[];
  readonly pages: ProgramPage[];
  readonly tags: Tags[];
  /** "begin <source>" and "end". */
  readonly events: string[];
}

/** Speech to be published, as sound and as files. */
export interface Speech {
  readonly sound: Float32Array;
  readonly wav: string;
  readonly ogg: string;
  /** The packets of `ogg`. */
  readonly packets: readonly Buffer[];
}

/** @param seconds where it begins and ends */
export async function speechOf(scene: Scene, from = 0, to = PUBLISHED_SECONDS): Promise<Speech> {
  const folder = join(scene.folder(), 'open');
  const sound = (await scene.speech()).slice(from * RATE_HZ, to * RATE_HZ);
  const wav = join(folder, 'speech.wav');
  const ogg = join(folder, 'speech.ogg');
  writeWavFile(wav, sound, RATE_HZ);
  const names = ['-metadata', 'title=Harvard sentences', '-metadata', 'artist=Ärzte'];
  await run('ffmpeg', [
    '-v',
    'error',
    '-i',
    wav,
    '-c:a',
    'libopus',
    '-b:a',
    '64k',
    ...names,
    '-f',
    'ogg',
    ogg,
  ]);
  return { sound, wav, ogg, packets: soundOf(readFileSync(ogg)) };
}

/** The web port with nothing behind it but the publishing gateway, and what the kernel got of it in this process. */
export class PublishStage {
  readonly port: number;
  readonly heard: Heard = { frames: [], pages: [], tags: [], events: [] };
  readonly #gateway: Gateway;

  static async start(scene: Scene): Promise<PublishStage> {
    const programs = new Programs({
      limits: PROGRAM_LIMITS,
      visitsPerNetwork: 100,
      secretsInTheClear: false,
      equalSecrets: (one, other) => one === other,
      fitsPassword: () => false,
    });
    const channel = publisherChannel();
    programs.setChannels([channel]);
    const gateway = createPublishGateway({
      programs,
      talk: { speak: () => false, pause: () => undefined },
      nowMs: () => performance.now(),
    });
    const front = new WebFront([gateway]);
    const door = await openDoor({
      host: '127.0.0.1',
      port: 0,
      tls: await loadOrCreateCertificate(scene.folder()),
      visitsPerNetwork: 100,
      onConnection: (socket, origin) => front.handleConnection(socket, origin),
    });
    scene.defer(async () => {
      await gateway.close();
      front.close();
      await door.close();
    });
    return new PublishStage(programs, gateway, door.port);
  }

  private constructor(programs: Programs, gateway: Gateway, port: number) {
    this.#gateway = gateway;
    this.port = port;
    const program = programs.find('music')?.program;
    if (program === undefined) throw new Error('the channel has no program');
    const { frames, pages, tags, events } = this.heard;
    const collecting = <Item>(items: Item[]) => ({
      send: (item: Item): void => {
        items.push(item);
      },
      backlogBytes: () => 0,
      end: () => undefined,
    });
    program.frames.join(collecting(frames));
    program.pages.join(collecting(pages));
    program.watch({
      handleBegin: ({ source }) => events.push(`begin ${source}`),
      handleTags: (now) => tags.push(now),
      handleEnd: () => events.push('end'),
    });
  }

  /** @param key of the channel, unless somebody tries another */
  url(path: string, scheme = 'http', key = PUBLISH_KEY): string {
    return `${scheme}://source:${key}@127.0.0.1:${this.port}${path}`;
  }

  counter(name: string): number {
    return this.#gateway.counters()[name] ?? 0;
  }

  /** Until everything that was sent has been heard. */
  async ended(broadcasts = 1): Promise<void> {
    await waitFor('the end of the broadcast', PATIENCE_MS, () =>
      this.heard.events.filter((event) => event === 'end').length >= broadcasts ? true : null,
    );
  }

  /** Titles as they came, one after the other. */
  titles(): string[] {
    return this.heard.tags.flatMap((tags) =>
      tags.filter(([name]) => name === 'title').map(([, value]) => value),
    );
  }

  /** The sound of the pages that the kernel got, mono at 48 kHz, link by link; kept under that name. */
  async links(scene: Scene, name: string): Promise<Float32Array[]> {
    const links: Buffer[][] = [];
    for (const page of pagesOf(Buffer.concat(this.heard.pages.map(({ bytes }) => bytes)))) {
      if (page.first) links.push([]);
      links.at(-1)?.push(page.bytes);
    }
    const sounds: Float32Array[] = [];
    for (const [at, pages] of links.entries()) {
      const folder = scene.folder();
      const ogg = join(folder, 'heard.ogg');
      const wav = join(folder, 'heard.wav');
      writeFileSync(ogg, Buffer.concat(pages));
      const mono = ['-ac', '1', '-ar', String(RATE_HZ), '-c:a', 'pcm_s16le'];
      await run('ffmpeg', ['-v', 'error', '-i', ogg, ...mono, wav], { maxMs: PATIENCE_MS });
      scene.keep(`${name}-${at}.wav`, readFileSync(wav));
      sounds.push(readWavFile(wav).samples);
    }
    return sounds;
  }

  /** The same of a stream with one link. */
  async sound(scene: Scene, name: string): Promise<Float32Array> {
    const [only, ...others] = await this.links(scene, name);
    if (only === undefined || others.length > 0) throw new Error(`${others.length + 1} links were heard`);
    return only;
  }
}

/** @throws Error at the first packet that is another one than was published */
export function expectSamePackets(heard: Heard, published: readonly Buffer[]): number {
  const other = published.findIndex((packet, at) => {
    const frame = heard.frames[at];
    return frame === undefined || !packet.equals(frame.payload);
  });
  if (other !== -1)
    throw new Error(`packet ${other} of ${published.length} is not the one that was published`);
  if (heard.frames.length !== published.length)
    throw new Error(`${heard.frames.length} packets were heard of ${published.length}`);
  return published.length;
}

/** @throws Error when frames were heard faster or slower than they last, or not at all */
export function expectPace({ frames }: Heard): { readonly paceMs: number; readonly longestGapMs: number } {
  const gaps = frames.slice(1).map(({ atMs }, at) => atMs - (frames[at]?.atMs ?? 0));
  const lastedMs = (frames.at(-1)?.atMs ?? 0) - (frames[0]?.atMs ?? 0);
  const soundMs = frames.slice(0, -1).reduce((sum, { samples }) => sum + samples / 48, 0);
  if (!(lastedMs > soundMs * 0.9 && lastedMs < soundMs * 1.3 + 500))
    throw new Error(`${Math.round(soundMs)} ms of sound were heard in ${Math.round(lastedMs)} ms`);
  return { paceMs: Math.round(lastedMs - soundMs), longestGapMs: Math.round(Math.max(...gaps)) };
}
