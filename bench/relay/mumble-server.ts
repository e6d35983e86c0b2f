import { chmodSync, mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child, waitFor } from '../../e2e/rig/child.ts';
import { freePort } from '../../e2e/rig/free-port.ts';
import { makeCertificate } from '../mouth-to-ear/mumble-files.ts';
import type { Contestant, RunningContestant } from './contestant.ts';
import { NICE } from './line-program.ts';
import type { Load } from './load.ts';
import { MumbleClient } from './mumble-client.ts';

/** Debian puts servers where only root's search path looks. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin`;

const MAX_START_MS = 20_000;

/** Logins at a time. */
const AT_ONCE = 10;

/** As much as its settings allow, in bit/s: nobody's voice is held back. */
const BANDWIDTH = 558_000;

class MumbleServer implements RunningContestant {
  readonly protocol = 'mumble';
  readonly port: number;
  readonly #child: Child;
  readonly #clients: MumbleClient[] = [];

  constructor(child: Child, port: number) {
    this.#child = child;
    this.port = port;
  }

  get pid(): number {
    return this.#child.pid;
  }

  async join(count: number, load: Load): Promise<void> {
    for (let joined = 0; joined < count; joined += AT_ONCE) {
      const names = Array.from(
        { length: Math.min(AT_ONCE, count - joined) },
        (_, at) => `member-${this.#clients.length + at + 1}`,
      );
      for (const client of await Promise.all(names.map((name) => MumbleClient.enter(this.port, name)))) {
        this.#clients.push(client);
        await load.addMember(client.session, 0);
        const { secret, sendNonce, receiveNonce } = client.keys;
        await load.setKeys(secret, sendNonce, receiveNonce);
      }
    }
    await load.greet();
  }

  fault(): string | null {
    if (this.#child.ending !== null) return "Mumble's server has ended";
    const gone = this.#clients.filter((client) => client.failed !== null).length;
    const tunnelled = this.#clients.reduce((sum, client) => sum + client.tunnelled, 0);
    if (gone > 0) return `${gone} members are gone`;
    return tunnelled > 0 ? `${tunnelled} packets took the control channel` : null;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.leave();
    await this.#child.stop();
  }
}

/** It gives up root and goes on as a user of its own, who must be able to read and write these. */
async function writeSettings(folder: string, port: number, members: number): Promise<string> {
  const { keyPath, certificatePath } = await makeCertificate(folder, 'server');
  chmodSync(keyPath, 0o644);
  const settings = [
    `database=${join(folder, 'server.sqlite')}`,
    'host=127.0.0.1',
    `port=${port}`,
    `users=${members + 10}`,
    `bandwidth=${BANDWIDTH}`,
    'opusthreshold=0',
    'logfile=',
    'logdays=-1',
    'welcometext=',
    'bonjour=false',
    'autobanAttempts=0',
    `sslCert=${certificatePath}`,
    `sslKey=${keyPath}`,
  ];
  const path = join(folder, 'server.ini');
  writeFileSync(path, `${settings.join('\n')}\n`);
  return path;
}

async function answers(port: number): Promise<true | null> {
  try {
    (await MumbleClient.enter(port, 'first')).leave();
    return true;
  } catch {
    return null;
  }
}

/** Debian's mumble-server. */
export const mumbleServer: Contestant = {
  name: 'mumble-server',
  async start(parent, members) {
    chmodSync(parent, 0o755);
    const folder = mkdtempSync(join(parent, 'mumble-'));
    chmodSync(folder, 0o777);
    const port = await freePort();
    const settingsPath = await writeSettings(folder, port, members);
    const logPath = join(folder, 'server.log');
    openSync(logPath, 'w');
    const child = await Child.start('nice', [...NICE, 'murmurd', '-fg', '-ini', settingsPath], {
      logPath,
      env: { ...process.env, PATH },
    });
    await waitFor("Mumble's server to answer", MAX_START_MS, () => {
      if (child.ending !== null) throw new Error("Mumble's server ended at once");
      return answers(port);
    });
    return new MumbleServer(child, port);
  },
};
