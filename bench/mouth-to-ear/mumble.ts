import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child, waitFor } from '../../e2e/rig/child.ts';
import { freePort } from '../../e2e/rig/free-port.ts';
import type { PulseServer, RigSide } from '../../e2e/rig/pulse.ts';
import type { Teardown } from '../../e2e/rig/teardown.ts';
import { type MumbleDelay, makeCertificate, sha1Of, writeMumbleHome } from './mumble-files.ts';

const MAX_START_MS = 20_000;

export interface MumbleRig {
  readonly teardown: Teardown;
  readonly pulse: PulseServer;
  readonly displayName: string;
  readonly folder: string;
  readonly outputFolder: string;
}

/** Two Mumble clients on one server of their own, both with an open microphone. */
export async function startMumble(rig: MumbleRig, delay: MumbleDelay): Promise<void> {
  const folder = mkdtempSync(join(rig.folder, 'mumble-'));
  // The server gives up root and goes on as a user of its own.
  chmodSync(rig.folder, 0o755);
  chmodSync(folder, 0o777);
  const port = await freePort();
  const serverLog = join(rig.outputFolder, 'mumble-server.log');
  writeFileSync(serverLog, '');
  const { keyPath, certificatePath } = await makeCertificate(folder, 'server');
  chmodSync(keyPath, 0o644);
  const serverSettings = [
    `database=${join(folder, 'server.sqlite')}`,
    'host=127.0.0.1',
    `port=${port}`,
    'users=10',
    'logfile=',
    'bonjour=false',
    'autobanAttempts=0',
    `sslCert=${certificatePath}`,
    `sslKey=${keyPath}`,
  ];
  const settingsPath = join(folder, 'server.ini');
  writeFileSync(settingsPath, `${serverSettings.join('\n')}\n`);
  const server = await Child.start('murmurd', ['-fg', '-ini', settingsPath], {
    logPath: serverLog,
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
  });
  rig.teardown.defer('the Mumble server', async () => void (await server.stop()));
  const serverSha1 = sha1Of(certificatePath);
  for (const side of ['a', 'b'] as const)
    await startClient(rig, { folder, side, delay, port, serverSha1, serverLog });
}

interface ClientFacts {
  readonly folder: string;
  readonly side: RigSide;
  readonly delay: MumbleDelay;
  readonly port: number;
  readonly serverSha1: string;
  readonly serverLog: string;
}

async function startClient(rig: MumbleRig, facts: ClientFacts): Promise<void> {
  const { side, delay, port, serverSha1 } = facts;
  const home = join(facts.folder, `client-${side}`);
  mkdirSync(home);
  const homeEnv = await writeMumbleHome(home, { delay, port, serverSha1, side });
  const env = { ...rig.pulse.deviceEnv(side), ...homeEnv, DISPLAY: rig.displayName };
  // -m: several clients on one machine.
  const args = ['-m', `mumble://${side}@127.0.0.1:${port}/?version=1.2.0`];
  const logPath = join(rig.outputFolder, `mumble-${side}.log`);
  const client = await Child.start('mumble', args, { env, logPath });
  rig.teardown.defer(`Mumble ${side}`, async () => void (await client.stop(3_000)));
  await waitFor(`Mumble ${side} to enter`, MAX_START_MS, () => {
    if (client.ending !== null) throw new Error(`Mumble ${side} ended at once; its log is ${logPath}`);
    return readFileSync(facts.serverLog, 'utf8').includes(`:${side}(-1)> Authenticated`) ? true : null;
  });
}
