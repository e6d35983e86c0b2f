import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../rig/child.ts';
import { AdminClient, setupCodeOf } from './admin-client.ts';
import { twoTalkers } from './life-checks.ts';
import { NotifySocket } from './notify-socket.ts';
import { runCommand } from './relay-under-test.ts';
import { type Check, expectEqual, expectHas } from './scene.ts';

/** Loaded before the program, it gives the relay's thread a defect. */
const DEFECT = join(import.meta.dirname, 'worker-killer.mjs');

/** The status of an admin server whose relay does not answer. */
const NOT_READY = 503;

/** Longest wait for a thread that hangs to go on, in ms. */
const MAX_WAIT_MS = 10_000;

export const defectChecks: readonly Check[] = [
  {
    name: 'a relay that dies is opened again, and its members keep their places',
    run: async (scene) => {
      const trap = join(scene.folder(), 'trap');
      const place = await scene.place();
      const { relay, door } = await scene.open({ ...place, NODE_OPTIONS: `--import ${DEFECT}`, TRAP: trap });
      const admin = new AdminClient(Number(place['SIDETONE_RELAY_ADMIN_PORT']));
      await admin.setUp((await setupCodeOf(relay)).code);
      const [ada, bob] = await twoTalkers(scene, door);
      const tokens = [ada.member.token, bob.member.token];
      writeFileSync(trap, '');
      await relay.logged('relayDied');
      const meanwhile = await admin.get('/ready');
      expectEqual('whether it is ready meanwhile', meanwhile.status, NOT_READY);
      await relay.logged('relayReturned');
      const openMs = performance.now();
      await Promise.all([ada.hears(bob), bob.hears(ada)]);
      const resumedMs = performance.now() - openMs;
      expectEqual('the tokens', [ada.member.token, bob.member.token], tokens);
      expectEqual('who is here', await admin.nicknames(), ['Marker-Ada', 'Marker-Bob']);
      expectEqual(
        'health afterwards',
        (await runCommand(['relay', 'health'], place, scene.folder())).code,
        0,
      );
      return { resumedMs };
    },
  },
  {
    name: 'a relay that dies at once, again and again, is given up',
    run: async (scene) => {
      const trap = join(scene.folder(), 'trap');
      writeFileSync(`${trap}.stays`, '');
      const { relay } = await scene.open(
        await scene.place({
          NODE_OPTIONS: `--import ${DEFECT}`,
          TRAP: trap,
          SIDETONE_RELAY_ADMIN: 'no',
        }),
      );
      writeFileSync(trap, '');
      expectEqual('the exit code', (await relay.ended()).code, 1);
      return { deaths: relay.lines.filter((line) => line.event === 'relayDied').length };
    },
  },
  {
    name: 'a defect beside the relay ends the program, and tells why in a private file alone',
    run: async (scene) => {
      const trap = join(scene.folder(), 'trap');
      const { relay } = await scene.open(
        await scene.place({ NODE_OPTIONS: `--import ${DEFECT}`, TRAP: trap, SIDETONE_RELAY_ADMIN: 'no' }),
      );
      writeFileSync(`${trap}.main`, '');
      expectEqual('the exit code', (await relay.ended()).code, 1);
      const path = String((await relay.logged('unexpected'))['path']);
      expectEqual('who may read it', statSync(path).mode & 0o777, 0o600);
      expectHas('the private file', readFileSync(path, 'utf8'), 'a defect that quotes Marker-Reason');
      return {};
    },
  },
  {
    name: 'a relay that hangs is not said to be alive, and health says so',
    run: async (scene) => {
      const manager = await NotifySocket.open(join(scene.folder(), 'notify'));
      scene.defer(() => manager.close());
      const trap = join(scene.folder(), 'trap');
      writeFileSync(`${trap}.hangs`, '');
      const place = await scene.place({ SIDETONE_RELAY_ADMIN: 'no' });
      const { relay } = await scene.open({
        ...place,
        NODE_OPTIONS: `--import ${DEFECT}`,
        TRAP: trap,
        NOTIFY_SOCKET: manager.path,
        WATCHDOG_USEC: '400000',
      });
      const alive = (): number => manager.messages.filter((message) => message === 'WATCHDOG=1').length;
      await manager.got((message) => message === 'WATCHDOG=1');
      writeFileSync(trap, '');
      await relay.logged('notAnswering');
      const before = alive();
      expectEqual('health meanwhile', (await runCommand(['relay', 'health'], place, scene.folder())).code, 1);
      expectEqual('how often it was said to be alive while it hung', alive() - before, 0);
      await waitFor('another sign of life', MAX_WAIT_MS, () => (alive() > before ? true : null));
      expectEqual(
        'health afterwards',
        (await runCommand(['relay', 'health'], place, scene.folder())).code,
        0,
      );
      return { signsOfLife: alive() };
    },
  },
];
