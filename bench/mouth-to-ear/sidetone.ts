import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppClient } from '../../e2e/rig/app-client.ts';
import { AppProcess } from '../../e2e/rig/app-process.ts';
import { waitFor } from '../../e2e/rig/child.ts';
import { freePort } from '../../e2e/rig/free-port.ts';
import type { RigSide } from '../../e2e/rig/pulse.ts';
import type { DelayStage } from '../../src/contract/diagnostics.ts';
import type { MumbleRig } from './mumble.ts';

const MAX_CALL_MS = 20_000;

/** Over which the stages of the delay are looked at, in ms. */
const BUDGET_MS = 2_000;

/** How a call of ours is set; everything else is as installed. */
export interface CallSettings {
  readonly frameSamples: 480 | 960;
  /** Everything that is done to the microphone's sound is off. */
  readonly bare: boolean;
}

/** Two copies of Sidetone in a call, both with an open microphone. */
export interface SidetoneCall {
  /** What the programs themselves say of the way from A's mouth to B's ear. */
  budget(): Promise<readonly DelayStage[]>;
}

async function startCopy(rig: MumbleRig, side: RigSide, folder: string): Promise<AppClient> {
  const dataFolder = join(folder, `data-${side}`);
  mkdirSync(dataFolder);
  const app = await AppProcess.start({
    dataFolder,
    env: rig.pulse.deviceEnv(side),
    logPath: join(rig.outputFolder, `sidetone-${side}.log`),
  });
  rig.teardown.defer(`Sidetone ${side}`, async () => void (await app.stop()));
  const client = await AppClient.connect(app.address);
  rig.teardown.defer(`the connection to ${side}`, () => client.close());
  return client;
}

/** Stages up to and including this one are the speaker's, those behind it the listener's. */
const LAST_OF_SPEAKER = 'network';

/** A hosts and B joins. */
export async function startSidetone(rig: MumbleRig, settings: CallSettings): Promise<SidetoneCall> {
  const folder = mkdtempSync(join(rig.folder, 'sidetone-'));
  const a = await startCopy(rig, 'a', folder);
  const b = await startCopy(rig, 'b', folder);
  await a.done('host', {
    roomName: 'Bench',
    nickname: 'Anna',
    address: '127.0.0.1',
    port: await freePort(),
  });
  const { hosting, channels } = await a.send('getState', null);
  const channel = channels[0];
  if (hosting.phase !== 'on' || channel === undefined) throw new Error('A hosts no room');
  await a.done('changeChannel', {
    channel: channel.id,
    name: channel.name,
    config: { ...channel.config, frameSamples: settings.frameSamples },
  });
  await b.done('join', { target: hosting.inviteLink, nickname: 'Boris', password: null });
  for (const client of [a, b]) {
    await client.done('setActivation', { activation: 'open' });
    if (settings.bare) {
      await client.done('setProcessing', {
        highPass: false,
        echoCancellation: false,
        noiseSuppression: 'off',
        gainControl: false,
        limiter: false,
      });
    }
    await waitFor('the voice path', MAX_CALL_MS, async () => {
      const { connection } = await client.send('getState', null);
      const ready =
        connection.phase === 'connected' && connection.voicePath && connection.sealing.state === 'sealed';
      return ready ? true : null;
    });
  }
  return {
    async budget() {
      // What is told of the last seconds needs a moment to compare with.
      await Promise.all([a.send('getDiagnostics', null), b.send('getDiagnostics', null)]);
      await sleep(BUDGET_MS);
      const [mouth, ear] = await Promise.all([
        a.send('getDiagnostics', null),
        b.send('getDiagnostics', null),
      ]);
      const cut = (stages: readonly DelayStage[]): number =>
        stages.findIndex(({ name }) => name === LAST_OF_SPEAKER) + 1;
      return [
        ...mouth.mouthToEar.slice(0, cut(mouth.mouthToEar)),
        ...ear.mouthToEar.slice(cut(ear.mouthToEar)),
      ];
    },
  };
}
