import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  LISTENER_USER,
  LISTENING_REALM,
  type ListeningChannel,
  type PasswordHashes,
} from '../../src/core/program/listening.ts';
import type { Feed } from '../../src/core/program/program.ts';
import { Programs } from '../../src/core/program/programs.ts';
import { PROGRAM_LIMITS } from '../../src/main/gateways/program-limits.ts';
import { RtspServer } from '../../src/main/gateways/rtsp/rtsp-server.ts';
import { loadOrCreateCertificate } from '../../src/main/relay/certificate.ts';
import type { Scene } from './check.ts';
import { type Material, makeMaterial, playPackets } from './ogg-stage.ts';
import { publisherChannel } from './standalone.ts';

/** Players come in when so much was published already, in ms: all of them join in the middle. */
export const LATE_MS = 2_500;

export const LISTENING_PASSWORD = 'open sesame';

function hash(algorithm: 'md5' | 'sha256', text: string): string {
  return createHash(algorithm).update(text).digest('hex');
}

function passwordHashes(password: string): PasswordHashes {
  const text = `${LISTENER_USER}:${LISTENING_REALM}:${password}`;
  return { md5: hash('md5', text), sha256: hash('sha256', text) };
}

function equal(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(hash('sha256', one)), Buffer.from(hash('sha256', other)));
}

/** A public channel, one with a password and one with a link, all with the same program. */
const CHANNELS: readonly ListeningChannel[] = [
  publisherChannel(),
  publisherChannel({
    id: 2,
    name: 'Locked',
    slug: 'locked',
    access: 'password',
    password: passwordHashes(LISTENING_PASSWORD),
  }),
  publisherChannel({ id: 3, name: 'Link', slug: 'link', access: 'link' }),
];

/** The RTSP server alone, with programs that the check itself makes: pictures too, which no publisher gives yet. */
export class RtspStage {
  readonly server: RtspServer;
  readonly #programs: Programs;
  #feeds: readonly Feed[] = [];

  static async start(scene: Scene): Promise<RtspStage> {
    const programs = new Programs({
      limits: PROGRAM_LIMITS,
      visitsPerNetwork: 100,
      secretsInTheClear: false,
      equalSecrets: equal,
      fitsPassword: (password, hashes) => equal(passwordHashes(password).sha256, hashes.sha256),
    });
    programs.setChannels(CHANNELS);
    const server = await RtspServer.open(
      {
        programs,
        talk: { speak: () => false, pause: () => undefined },
        nowMs: () => performance.now(),
      },
      {
        host: '127.0.0.1',
        port: 0,
        tls: await loadOrCreateCertificate(scene.folder()),
        visitsPerNetwork: 100,
      },
    );
    scene.defer(async () => {
      programs.close();
      await server.close();
    });
    return new RtspStage(server, programs);
  }

  private constructor(server: RtspServer, programs: Programs) {
    this.server = server;
    this.#programs = programs;
  }

  url(path: string, login = ''): string {
    return `rtsp://${login}127.0.0.1:${this.server.port}/${path}`;
  }

  counter(name: string): number {
    return this.server.counters()[name] ?? 0;
  }

  begin(): void {
    this.#feeds = this.#programs.all().flatMap(({ program }) => {
      const feed = program.begin({
        kind: 'publisher',
        source: 'Stage',
        channels: 1,
        bitrate: 64_000,
        preSkipSamples: 312,
        container: null,
      });
      return feed === null ? [] : [feed];
    });
  }

  /** Into all channels. */
  frame(packet: Uint8Array): void {
    for (const feed of this.#feeds) feed.frame(packet, performance.now());
  }

  accessUnit(units: readonly Uint8Array[], ticks: number, key: boolean): void {
    for (const feed of this.#feeds) feed.accessUnit({ units, ticks, key, atMs: performance.now() });
  }
}

/** A stage on which speech is heard over and over, some time after it began. */
export async function playingStage(
  scene: Scene,
  lateMs = LATE_MS,
): Promise<{ readonly stage: RtspStage; readonly material: Material }> {
  const material = await makeMaterial(scene);
  const stage = await RtspStage.start(scene);
  stage.begin();
  scene.defer(playPackets(material.packets, (packet) => stage.frame(packet)));
  await sleep(lateMs);
  return { stage, material };
}
