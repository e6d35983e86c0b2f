import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PUBLISH_KEY } from '../../e2e/gateways/standalone.ts';
import { Child, waitFor } from '../../e2e/rig/child.ts';
import { freePort } from '../../e2e/rig/free-port.ts';
import { LineProgram } from '../relay/line-program.ts';
import { type ListenerKind, PLAIN } from './listeners.ts';

/** Debian puts servers where only root's search path looks. */
export const SERVER_PATH = `${process.env['PATH'] ?? ''}:/usr/sbin`;

const MAX_START_MS = 20_000;

/** A server that is measured. */
export interface Server {
  readonly name: 'ours' | 'icecast';
  readonly pid: number;
  /** Where publishers go. */
  readonly publish: { readonly port: number; readonly path: string; readonly password: string };
  /** Where listeners go; null: it has no such thing. */
  entrance(kind: ListenerKind): { readonly port: number; readonly path: string } | null;
  /** Frames that the server itself gave up for slow listeners, and listeners it ended; null: it does not say. */
  lost(): Promise<{ readonly frames: number; readonly endedTooSlow: number } | null>;
  stop(): Promise<void>;
}

/** Resident memory of a process, in bytes (proc(5), status). */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1_024;
}

export async function startOurs(): Promise<Server> {
  const program = await LineProgram.start(
    process.execPath,
    [join(import.meta.dirname, 'gateways-process.ts')],
    PLAIN,
  );
  const { webPort, rtspPort } = z
    .strictObject({ webPort: z.number(), rtspPort: z.number() })
    .parse(JSON.parse(await program.line()));
  const entrances: Record<ListenerKind, { readonly port: number; readonly path: string }> = {
    ws: { port: webPort, path: '/ws?channel=music' },
    ogg: { port: webPort, path: '/stream/music.ogg' },
    rtsp: { port: rtspPort, path: '/music' },
  };
  return {
    name: 'ours',
    pid: program.pid,
    publish: { port: webPort, path: '/publish/music', password: PUBLISH_KEY },
    entrance: (kind) => entrances[kind],
    lost: async () => {
      const counters: unknown = JSON.parse(await program.ask('counters'));
      const counted = z.record(z.string(), z.number()).parse(counters);
      const sum = (name: string): number =>
        (counted[`frames.${name}`] ?? 0) + (counted[`pages.${name}`] ?? 0);
      return { frames: sum('lost'), endedTooSlow: sum('endedTooSlow') };
    },
    stop: () => program.stop(),
  };
}

const PASSWORD = 'bench';

/** Icecast as Debian has it, with room for all; no burst, so that what is measured is the live stream. */
function icecastConfig(port: number, folder: string, clients: number): string {
  return `<icecast>
  <limits><clients>${clients + 16}</clients><sources>2</sources><queue-size>524288</queue-size>
    <client-timeout>30</client-timeout><header-timeout>15</header-timeout><source-timeout>10</source-timeout>
    <burst-on-connect>0</burst-on-connect><burst-size>0</burst-size></limits>
  <authentication><source-password>${PASSWORD}</source-password><admin-user>a</admin-user>
    <admin-password>${PASSWORD}</admin-password></authentication>
  <hostname>localhost</hostname>
  <listen-socket><port>${port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <paths><basedir>/usr/share/icecast2</basedir><logdir>${folder}</logdir><webroot>/usr/share/icecast2/web</webroot>
    <adminroot>/usr/share/icecast2/admin</adminroot></paths>
  <logging><accesslog>-</accesslog><errorlog>error.log</errorlog><loglevel>1</loglevel></logging>
  <security><chroot>0</chroot><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>
</icecast>
`;
}

/** @param clients that it has to bear at once */
export async function startIcecast(folder: string, clients: number): Promise<Server> {
  const port = await freePort();
  const own = join(folder, 'icecast');
  mkdirSync(own, { recursive: true });
  for (const path of [folder, own]) chmodSync(path, 0o777);
  const configPath = join(own, 'icecast.xml');
  writeFileSync(configPath, icecastConfig(port, own, clients));
  const child = await Child.start('icecast2', ['-c', configPath], {
    env: { ...process.env, PATH: SERVER_PATH },
  });
  await waitFor('icecast to listen', MAX_START_MS, async () => {
    if (child.ending !== null) throw new Error('icecast has ended');
    return fetch(`http://127.0.0.1:${port}/status-json.xsl`).then(
      (answer) => (answer.ok ? true : null),
      () => null,
    );
  });
  return {
    name: 'icecast',
    pid: child.pid,
    publish: { port, path: '/music.ogg', password: PASSWORD },
    entrance: (kind) => (kind === 'ogg' ? { port, path: '/music.ogg' } : null),
    lost: async () => null,
    stop: async () => void (await child.stop()),
  };
}
