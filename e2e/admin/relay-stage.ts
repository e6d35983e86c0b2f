import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setupCodeOf } from '../relay/admin-client.ts';
import { RelayUnderTest } from '../relay/relay-under-test.ts';
import { type Door, doorOf } from '../relay/scene.ts';
import { freePort } from '../rig/free-port.ts';
import { HeadlessMember } from '../rig/member/headless-member.ts';
import type { Guest, Stage } from './stage.ts';

/** Longest orderly end of the relay, in ms. */
const MAX_END_MS = 5_000;

/** Lets a member without a window in. @throws Error when the relay refuses them */
export async function joinAs(nickname: string, door: Door): Promise<HeadlessMember> {
  const guest = new HeadlessMember({ nickname });
  const outcome = await guest.join(door);
  if (!outcome.ok) throw new Error(`${nickname} was not let in: ${outcome.sentence}`);
  return guest;
}

/** Starts the built `sidetone relay`, which serves the built dashboard; guests are members without a window. */
export async function openRelayStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-admin-'));
  const adminPort = await freePort();
  const env = {
    SIDETONE_RELAY_DATA_FOLDER: join(folder, 'data'),
    SIDETONE_RELAY_PORT: String(await freePort()),
    SIDETONE_RELAY_ADMIN_PORT: String(adminPort),
    SIDETONE_RELAY_LISTEN_PORT: String(await freePort()),
    SIDETONE_RELAY_RTSP_PORT: String(await freePort()),
  };
  let relay = await RelayUnderTest.start(env, folder);
  const door = doorOf(await relay.logged('listening'));
  const { code } = await setupCodeOf(relay);
  await relay.logged('adminListening');
  const guests = new Set<HeadlessMember>();
  return {
    name: 'relay',
    base: `http://127.0.0.1:${adminPort}`,
    code,
    fake: null,
    join: async (nickname): Promise<Guest> => {
      const guest = await joinAs(nickname, door);
      guests.add(guest);
      return {
        leave: () => {
          guests.delete(guest);
          guest.leave();
        },
      };
    },
    breakOff: async () => {
      await relay.end('SIGTERM');
    },
    mend: async () => {
      relay = await RelayUnderTest.start(env, folder);
      await relay.logged('adminListening');
    },
    close: async () => {
      for (const guest of guests) guest.leave();
      await relay.child.stop(MAX_END_MS);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
