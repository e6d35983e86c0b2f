import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type ListeningState, listenersStateSchema, type SaveListening } from '../../src/contract/admin.ts';
import { AdminClient, setupCodeOf } from '../relay/admin-client.ts';
import { type LogLine, RelayUnderTest } from '../relay/relay-under-test.ts';
import { PATIENCE_MS } from '../rig/child.ts';
import { freePort } from '../rig/free-port.ts';
import type { Scene } from './check.ts';
import { RoomMember } from './room-member.ts';

/** The name of the members that stand in channels for the gateways. */
const LISTENERS = 'Listeners';

/** Of a fresh room. */
export const LOBBY = 1;

const KILLER = join(import.meta.dirname, 'thread-killer.mjs');

/** Between two questions to the admin page, in ms: it takes 600 a minute from one address. */
const ASK_MS = 200;

/** Asks again and again, as often as the admin page takes it, until the answer is there. @throws Error after a while */
export async function askUntil<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadlineMs) throw new Error(`timed out waiting for ${what}`);
    await sleep(ASK_MS);
  }
}

/** `sidetone relay` as a server has it, with an account to steer it, and members. */
export class WholeRoom {
  readonly relay: RelayUnderTest;
  readonly admin: AdminClient;
  /** Where a file kills a thread. */
  readonly trap: string;
  readonly listenPort: number;
  readonly #scene: Scene;
  readonly #door: LogLine;

  static async open(scene: Scene, settings: NodeJS.ProcessEnv = {}): Promise<WholeRoom> {
    const ports = { admin: await freePort(), room: await freePort(), listen: await freePort() };
    const trap = join(scene.folder(), 'trap');
    const environment = {
      SIDETONE_RELAY_DATA_FOLDER: scene.folder(),
      SIDETONE_RELAY_PORT: String(ports.room),
      SIDETONE_RELAY_ADMIN_PORT: String(ports.admin),
      SIDETONE_RELAY_LISTEN_HOST: '127.0.0.1',
      SIDETONE_RELAY_LISTEN_PORT: String(ports.listen),
      SIDETONE_RELAY_RTSP_PORT: String(await freePort()),
      NODE_OPTIONS: `--import ${KILLER}`,
      TRAP: trap,
      ...settings,
    };
    const relay = await RelayUnderTest.start(environment, scene.folder());
    scene.defer(() => relay.child.stop());
    const admin = new AdminClient(ports.admin);
    const door = await relay.logged('listening');
    await admin.setUp((await setupCodeOf(relay)).code);
    return new WholeRoom(scene, { relay, admin, door, trap, listenPort: ports.listen });
  }

  private constructor(
    scene: Scene,
    parts: Pick<WholeRoom, 'relay' | 'admin' | 'trap' | 'listenPort'> & { readonly door: LogLine },
  ) {
    this.#scene = scene;
    this.relay = parts.relay;
    this.admin = parts.admin;
    this.trap = parts.trap;
    this.listenPort = parts.listenPort;
    this.#door = parts.door;
  }

  async enter(nickname: string): Promise<RoomMember> {
    const door = {
      address: '127.0.0.1',
      port: Number(this.#door['port']),
      certificateSha256: String(this.#door['certificateSha256']),
    };
    const member = await RoomMember.enter(door, nickname);
    this.#scene.defer(() => member.leave());
    return member;
  }

  async state(channel: number): Promise<ListeningState> {
    const { status, body } = await this.admin.get('/api/listeners');
    if (status !== 200) throw new Error(`the channels are answered ${status}: ${JSON.stringify(body)}`);
    const state = listenersStateSchema.parse(body).find((one) => one.channel === channel);
    if (state === undefined) throw new Error('the channel is not in the list');
    return state;
  }

  async save(channel: number, settings: SaveListening): Promise<void> {
    const { status, body } = await this.admin.put(`/api/listeners/${channel}`, settings);
    if (status !== 204) throw new Error(`the settings were refused: ${JSON.stringify(body)}`);
  }

  /** Opens a channel, and waits until it can be heard and its member stands in it. */
  async openChannel(channel: number, settings: Omit<SaveListening, 'listeners'> = {}): Promise<Links> {
    await this.save(channel, { listeners: true, ...settings });
    return this.heard(channel);
  }

  /** Waits until the channel can be heard and its member stands in it. */
  async heard(channel: number): Promise<Links> {
    const links = await askUntil('the links of the channel', async () => {
      const { links: found, sentence } = await this.state(channel);
      return sentence === null ? found : null;
    });
    await askUntil('the member of the listeners', async () =>
      (await this.listenersIn(channel)) ? true : null,
    );
    return links;
  }

  /** Whether the member that stands there for the gateways is in the list. */
  async listenersIn(channel: number): Promise<boolean> {
    const { body } = await this.admin.get('/api/members');
    const members = z
      .array(z.looseObject({ nickname: z.string(), channel: z.number().nullable() }))
      .parse(body);
    return members.some((member) => member.nickname === LISTENERS && member.channel === channel);
  }

  /** @returns its id */
  async makeChannel(name: string): Promise<number> {
    const { body: list } = await this.admin.get('/api/channels');
    const [lobby] = z.array(z.looseObject({ config: z.unknown() })).parse(list);
    const { body } = await this.admin.post('/api/channels', {
      name,
      parent: null,
      config: lobby?.config,
      password: null,
    });
    return z.object({ channel: z.number() }).parse(body).channel;
  }
}

export type Links = NonNullable<ListeningState['links']>;
