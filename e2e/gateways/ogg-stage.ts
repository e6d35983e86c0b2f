import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Feed, Program } from '../../src/core/program/program.ts';
import { Programs } from '../../src/core/program/programs.ts';
import type { Gateway } from '../../src/main/gateways/gateway.ts';
import { createOggGateway } from '../../src/main/gateways/ogg/ogg-gateway.ts';
import { PROGRAM_LIMITS } from '../../src/main/gateways/program-limits.ts';
import { run } from '../rig/child.ts';
import { writeWavFile } from '../sound/wav.ts';
import type { Scene } from './check.ts';
import { soundOf } from './ogg-packets.ts';
import { publisherChannel } from './standalone.ts';

const FRAME_MS = 20;
const FRAME_SAMPLES = 960;

/** What libopus puts before the sound, in samples. */
const PRE_SKIP_SAMPLES = 312;

/** Speech as sound, as a file of Ogg/Opus and as its packets. */
export interface Material {
  /** What a decoder makes of all packets, one time round. */
  readonly sound: Float32Array;
  readonly path: string;
  readonly packets: readonly Buffer[];
}

export async function makeMaterial(scene: Scene): Promise<Material> {
  const folder = scene.folder();
  const speech = await scene.speech();
  const wav = join(folder, 'speech.wav');
  const path = join(folder, 'speech.ogg');
  writeWavFile(wav, speech, 48_000);
  const coding = ['-c:a', 'libopus', '-b:a', '64k', '-frame_duration', String(FRAME_MS)];
  await run('ffmpeg', ['-v', 'error', '-i', wav, ...coding, '-f', 'ogg', path]);
  const packets = soundOf(readFileSync(path));
  const sound = new Float32Array(packets.length * FRAME_SAMPLES);
  sound.set(speech.subarray(0, sound.length - PRE_SKIP_SAMPLES), PRE_SKIP_SAMPLES);
  return { sound, path, packets };
}

/** Gives packets over and over, one every 20 ms, from now on. @returns stops it */
export function playPackets(packets: readonly Buffer[], take: (packet: Uint8Array) => void): () => void {
  const startMs = performance.now();
  let given = 0;
  const timer = setInterval(() => {
    for (; given * FRAME_MS <= performance.now() - startMs; given += 1) {
      take(packets[given % packets.length] ?? new Uint8Array(0));
    }
  }, FRAME_MS / 2);
  return () => clearInterval(timer);
}

/** The Ogg gateway alone, with a program that the check itself makes: tags and sizes that no publisher can give. */
export class OggStage {
  readonly url: string;
  readonly program: Program;
  readonly gateway: Gateway;

  static async start(scene: Scene): Promise<OggStage> {
    const programs = new Programs({
      limits: PROGRAM_LIMITS,
      visitsPerNetwork: 100,
      secretsInTheClear: true,
      equalSecrets: (one, other) => one === other,
      fitsPassword: () => false,
    });
    const channel = publisherChannel();
    programs.setChannels([channel]);
    const program = programs.program(channel.id);
    if (program === null) throw new Error('the channel has no program');
    const gateway = createOggGateway({
      programs,
      talk: { speak: () => false, pause: () => undefined },
      nowMs: () => performance.now(),
    });
    const origin = { address: '127.0.0.1', secure: false, private: true };
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://relay.invalid');
      if (gateway.handleRequest?.({ origin, request, url }, response) !== true) response.writeHead(404).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    scene.defer(async () => {
      await gateway.close();
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return new OggStage(`http://127.0.0.1:${port}/stream/music.ogg`, program, gateway);
  }

  private constructor(url: string, program: Program, gateway: Gateway) {
    this.url = url;
    this.program = program;
    this.gateway = gateway;
  }

  begin(): Feed {
    const feed = this.program.begin({
      kind: 'publisher',
      source: 'Stage',
      channels: 1,
      bitrate: 64_000,
      preSkipSamples: 312,
      container: null,
    });
    if (feed === null) throw new Error('something else is on');
    return feed;
  }
}
