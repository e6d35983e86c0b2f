import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../rig/child.ts';
import { NotifySocket } from './notify-socket.ts';
import { runCommand } from './relay-under-test.ts';
import { type Check, expectEqual, expectHas, type Scene } from './scene.ts';
import type { Talker } from './talker.ts';

/** Longest time from the moment the room is open again until all hear each other, in ms. */
const MAX_RESUME_MS = 3_000;

/** Longest wait for something that happens at once, in ms. */
const MAX_WAIT_MS = 10_000;

export async function twoTalkers(
  scene: Scene,
  door: Parameters<Scene['enter']>[0],
): Promise<[Talker, Talker]> {
  const ada = await scene.enter(door, 'Marker-Ada');
  const bob = await scene.enter(door, 'Marker-Bob');
  await Promise.all([ada.hears(bob), bob.hears(ada)]);
  return [ada, bob];
}

/** Ends a room by a signal, opens it again, and has its members find each other in their places. */
async function resumeAfter(scene: Scene, signal: NodeJS.Signals) {
  const environment = await scene.place();
  const first = await scene.open(environment);
  const [ada, bob] = await twoTalkers(scene, first.door);
  const tokens = [ada.member.token, bob.member.token];
  const ending = await first.relay.end(signal);
  const second = await scene.open(environment);
  const openMs = performance.now();
  await Promise.all([ada.hears(bob), bob.hears(ada)]);
  const resumedMs = performance.now() - openMs;
  expectEqual('the tokens', [ada.member.token, bob.member.token], tokens);
  expectEqual('the certificate', second.door.certificateSha256, first.door.certificateSha256);
  if (resumedMs > MAX_RESUME_MS) throw new Error(`they heard each other after ${resumedMs} ms`);
  return { ending, resumedMs };
}

export const lifeChecks: readonly Check[] = [
  {
    name: 'two members talk through it',
    run: async (scene) => {
      const { relay, door } = await scene.open(await scene.place());
      await twoTalkers(scene, door);
      await relay.end('SIGTERM');
      const counters = relay.lines.findLast((line) => line.event === 'counters')?.['added'];
      const forwarded = Number((counters as Record<string, number>)['udpSent'] ?? 0);
      if (!(forwarded > 0)) throw new Error(`nothing was counted: ${JSON.stringify(counters)}`);
      return { forwarded };
    },
  },
  {
    name: 'SIGTERM, then another start: both resume in their places',
    run: async (scene) => {
      const { ending, resumedMs } = await resumeAfter(scene, 'SIGTERM');
      expectEqual('the exit code', ending.code, 0);
      return { resumedMs };
    },
  },
  {
    name: 'SIGKILL, then another start: both resume in their places',
    run: async (scene) => {
      const { ending, resumedMs } = await resumeAfter(scene, 'SIGKILL');
      expectEqual('what ended it', ending.signal, 'SIGKILL');
      return { resumedMs };
    },
  },
  {
    name: 'SIGQUIT closes the room for good, and a second signal ends at once',
    run: async (scene) => {
      const environment = await scene.place();
      const first = await scene.open(environment);
      const ada = await scene.enter(first.door, 'Marker-Ada');
      expectEqual('the exit code', (await first.relay.end('SIGQUIT')).code, 0);
      await waitFor('the farewell', MAX_WAIT_MS, () =>
        ada.member.room.describe(false).connection.phase === 'idle' ? true : null,
      );
      const second = await scene.open(environment);
      await scene.enter(second.door, 'Marker-Bob');
      second.relay.child.signal('SIGTERM');
      second.relay.child.signal('SIGINT');
      const ending = await second.relay.ended();
      // Of two that wait at once, the system chooses which comes first.
      if (ending.code !== 128 + 15 && ending.code !== 128 + 2)
        throw new Error(`it ended with ${ending.code ?? ending.signal}`);
      return { code: ending.code };
    },
  },
  {
    name: 'tells systemd that it is ready, alive, reloading and stopping',
    run: async (scene) => {
      const manager = await NotifySocket.open(join(scene.folder(), 'notify'));
      scene.defer(() => manager.close());
      const config = scene.config('room_name = "Marker-Room"\nlog_level = "info"');
      const { relay } = await scene.open(
        await scene.place({
          SIDETONE_RELAY_CONFIG: config,
          NOTIFY_SOCKET: manager.path,
          WATCHDOG_USEC: '1000000',
        }),
      );
      const ready = await manager.got((message) => message.startsWith('READY=1\nSTATUS='));
      const first = await manager.got((message) => message === 'WATCHDOG=1', ready);
      await manager.got((message) => message === 'WATCHDOG=1', first + 1);
      writeFileSync(config, 'room_name = "Marker-Renamed"\nlog_level = "info"\nsender_threads = 1');
      relay.child.signal('SIGHUP');
      const reloading = await manager.got((message) => /^RELOADING=1\nMONOTONIC_USEC=\d+$/.test(message));
      await manager.got((message) => message.startsWith('READY=1'), reloading + 1);
      const configured = await relay.logged('configured');
      expectEqual('whether the room was renamed', configured['renamed'], true);
      expectEqual(
        'what waits for a restart',
        (await relay.logged('needsRestart'))['setting'],
        'sender_threads',
      );
      writeFileSync(config, 'room_nam = "x"');
      relay.child.signal('SIGHUP');
      await relay.logged('reloadRefused');
      expectHas('the complaint', relay.said, 'Did you mean room_name?');
      expectEqual('the exit code', (await relay.end('SIGTERM')).code, 0);
      await manager.got((message) => message.startsWith('STOPPING=1'));
      return { messages: manager.messages.length };
    },
  },
  {
    name: 'says how it is: before, while it runs, and after',
    run: async (scene) => {
      const ask = async (environment: NodeJS.ProcessEnv): Promise<number | null> =>
        (await runCommand(['relay', 'health'], environment, scene.folder())).code;
      for (const admin of ['yes', 'no']) {
        const environment = await scene.place({ SIDETONE_RELAY_ADMIN: admin });
        expectEqual(`health before (admin ${admin})`, await ask(environment), 1);
        const { relay } = await scene.open(environment);
        if (admin === 'yes') await relay.logged('adminListening');
        else await sleep(200);
        expectEqual(`health while it runs (admin ${admin})`, await ask(environment), 0);
        await relay.end('SIGTERM');
        expectEqual(`health after (admin ${admin})`, await ask(environment), 1);
      }
      return {};
    },
  },
];
