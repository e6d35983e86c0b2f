import { setTimeout as sleep } from 'node:timers/promises';
import { Scene } from '../../e2e/gateways/check.ts';
import { LOBBY, WholeRoom } from '../../e2e/gateways/whole-room.ts';
import { waitFor } from '../../e2e/rig/child.ts';
import { watchLoad } from '../../e2e/rig/machine-load.ts';
import { type BotsRequest, type BotsState, botsStateSchema } from '../../src/contract/admin.ts';
import { assert } from '../../src/core/base/assert.ts';
import { spreadOf } from '../relay/statistics.ts';
import type { Row } from '../report.ts';
import { type ListenerFigures, Listeners } from './listeners.ts';
import { Publisher } from './publisher.ts';
import { preferThread, type ThreadTimes, timesOf, workerThreads } from './thread-times.ts';

/** Members of the room: bots of the relay's own stress test, which stand in a channel of their own and talk. */
const MEMBERS = { bots: 20, speakers: 5 } as const;

const LISTENERS = 1_000;

/**
 * Arguments of `nice` for the listeners' own program: they stand for people on other machines, whose work takes nothing of
 * ours. Their delay says how busy this one is, and nothing of the gateways.
 */
const FAR_AWAY = ['-n', '10'] as const;

/** How often the test is asked how it goes, in ms; it tells once a second. */
const ASK_MS = 300;

/** Logins and keys before anybody talks, and the end, in ms. */
const MAX_BESIDES_TALKING_MS = 40_000;

/** The test goes on for so long after what is measured, so that its thread can still be looked at. */
const SPARE_SECONDS = 1;

/** The first seconds are those of code that was not compiled yet. */
const WARMING_SECONDS = 3;

/** Who listens while the members talk. */
const CROWDS = ['nobody', 'publisher, 1,000 WebSocket'] as const;
type Crowd = (typeof CROWDS)[number];

export interface MembersPlan {
  readonly rounds: number;
  /** What is measured of each, in seconds. */
  readonly seconds: number;
}

/** What members had of one crowd in one round. */
export interface MembersMeasured {
  readonly crowd: Crowd;
  readonly round: number;
  /** Medians over the seconds: of a machine that others use too, single seconds say nothing. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all datagrams. */
  readonly lossPercent: number;
  readonly relay: ThreadTimes;
  readonly gateways: ThreadTimes;
  /** The members' own: what it waits counts into their latency, and is not the relay's doing. */
  readonly bots: ThreadTimes;
  /** Whether the members' own thread goes before others; else they measure what they wait themselves. */
  readonly preferred: boolean;
  readonly listeners: ListenerFigures | null;
  readonly busyPercent: number;
  readonly stealPercent: number;
}

/** Of the threads that matter, at one moment. */
interface Times {
  readonly relay: ThreadTimes;
  readonly gateways: ThreadTimes;
  readonly bots: ThreadTimes;
  readonly atMs: number;
}

/** A relay as a server has it, a channel of it that the public listens to, and members in another. */
class Room {
  readonly #room: WholeRoom;
  readonly #programPath: string;
  readonly #webPort: number;
  readonly #publishKey: string;
  readonly #pid: number;
  readonly #relayThread: number;
  readonly #gatewaysThread: number;

  static async open(scene: Scene, programPath: string): Promise<Room> {
    const room = await WholeRoom.open(scene, {
      NODE_OPTIONS: '',
      SIDETONE_RELAY_LISTENERS_PER_ADDRESS: '5000',
    });
    await room.openChannel(LOBBY, {
      source: 'publisher',
      access: 'public',
      publish: true,
      maxListeners: 2 * LISTENERS,
    });
    const { publishKey } = await room.state(LOBBY);
    if (publishKey === null) throw new Error('nobody may publish');
    return new Room(room, programPath, publishKey);
  }

  private constructor(room: WholeRoom, programPath: string, publishKey: string) {
    this.#room = room;
    this.#programPath = programPath;
    this.#webPort = room.listenPort;
    this.#publishKey = publishKey;
    this.#pid = room.relay.child.pid;
    const [relay, gateways] = workerThreads(this.#pid);
    if (relay === undefined || gateways === undefined)
      throw new Error('the relay runs otherwise than it did');
    this.#relayThread = relay;
    this.#gatewaysThread = gateways;
  }

  async measure(crowd: Crowd, round: number, seconds: number): Promise<MembersMeasured> {
    if (crowd === 'nobody') return this.#talk(crowd, round, seconds, null);
    const port = this.#webPort;
    const publisher = await Publisher.start({ port, path: '/publish/lobby', password: this.#publishKey });
    const request = { kind: 'ws', port, path: '/ws?channel=lobby', count: LISTENERS, stalled: 0 } as const;
    try {
      const listeners = await Listeners.join(this.#programPath, request, FAR_AWAY);
      try {
        return await this.#talk(crowd, round, seconds, listeners);
      } finally {
        await listeners.stop();
      }
    } finally {
      await publisher.stop();
    }
  }

  async #talk(
    crowd: Crowd,
    round: number,
    seconds: number,
    listeners: Listeners | null,
  ): Promise<MembersMeasured> {
    const { thread: botsThread, preferred } = await this.#begin({
      ...MEMBERS,
      seconds: WARMING_SECONDS + seconds + SPARE_SECONDS,
      address: null,
    });
    await this.#seconds(WARMING_SECONDS);
    const load = watchLoad();
    const before = this.#times(botsThread);
    listeners?.begin();
    const perSecond = await this.#seconds(seconds + WARMING_SECONDS);
    const after = this.#times(botsThread);
    const figures = (await listeners?.end()) ?? null;
    const { busyPercent, stealPercent } = load();
    const last = await this.#ended();
    const tookMs = after.atMs - before.atMs;
    const perSecondOf = (name: 'relay' | 'gateways' | 'bots'): ThreadTimes => ({
      ranMs: ((after[name].ranMs - before[name].ranMs) / tookMs) * 1_000,
      waitedMs: ((after[name].waitedMs - before[name].waitedMs) / tookMs) * 1_000,
    });
    return {
      crowd,
      round,
      p50Ms: spreadOf(perSecond.map(({ latencyMs }) => latencyMs.p50)).median,
      p99Ms: spreadOf(perSecond.map(({ latencyMs }) => latencyMs.p99)).median,
      lossPercent: last.totalLossPercent,
      relay: perSecondOf('relay'),
      gateways: perSecondOf('gateways'),
      bots: perSecondOf('bots'),
      preferred,
      listeners: figures,
      busyPercent,
      stealPercent,
    };
  }

  /** @returns the members' thread, and whether it goes before others now, as the relay's does */
  async #begin(request: BotsRequest): Promise<{ readonly thread: number; readonly preferred: boolean }> {
    const known = new Set(workerThreads(this.#pid));
    const { status, body } = await this.#room.admin.post('/api/bots', request);
    if (status !== 200) throw new Error(`the stress test does not begin: ${JSON.stringify(body)}`);
    const [thread] = workerThreads(this.#pid).filter((one) => !known.has(one));
    if (thread === undefined) throw new Error('the members have no thread of their own');
    return { thread, preferred: preferThread(thread) };
  }

  /** What is told of each second from now until that second of the test. */
  async #seconds(until: number): Promise<BotsState[]> {
    const told: BotsState[] = [];
    await waitFor(`second ${until}`, until * 1_000 + MAX_BESIDES_TALKING_MS, async () => {
      const state = await this.#state();
      if (state.phase === 'failed') throw new Error(`the stress test failed: ${state.sentence}`);
      if (state.elapsedSeconds > (told.at(-1)?.elapsedSeconds ?? 0)) told.push(state);
      if (state.elapsedSeconds >= until || state.phase === 'done') return true;
      await sleep(ASK_MS);
      return null;
    });
    // The first was told of before we asked.
    return told.slice(1);
  }

  async #ended(): Promise<BotsState> {
    return waitFor('the end of the stress test', MAX_BESIDES_TALKING_MS, async () => {
      const state = await this.#state();
      if (state.phase === 'done') return state;
      await sleep(ASK_MS);
      return null;
    });
  }

  async #state(): Promise<BotsState> {
    return botsStateSchema.parse((await this.#room.admin.get('/api/bots')).body);
  }

  #times(botsThread: number): Times {
    return {
      relay: timesOf(this.#pid, this.#relayThread),
      gateways: timesOf(this.#pid, this.#gatewaysThread),
      bots: timesOf(this.#pid, botsThread),
      atMs: performance.now(),
    };
  }
}

/** What listeners cost the members of the room: the same talk with and without them, in turns, in one relay. */
export async function measureMembers(
  root: string,
  programPath: string,
  plan: MembersPlan,
  progress: (text: string) => void,
): Promise<MembersMeasured[]> {
  const scene = new Scene(root, root);
  try {
    const room = await Room.open(scene, programPath);
    const all: MembersMeasured[] = [];
    for (let round = 1; round <= plan.rounds; round += 1) {
      // Whoever comes first has the relay in another state than whoever comes second.
      for (const crowd of round % 2 === 1 ? CROWDS : CROWDS.toReversed()) {
        progress(`round ${round}: members, listened to by ${crowd}`);
        all.push(await room.measure(crowd, round, plan.seconds));
      }
    }
    return all;
  } finally {
    await scene.close();
  }
}

export function membersRows(all: readonly MembersMeasured[]): Row[] {
  return all.map(({ crowd, round, relay, gateways, bots, listeners, ...figures }) => ({
    check: `members, listened to by ${crowd}, round ${round}`,
    ...figures,
    relayCpuPercent: relay.ranMs / 10,
    relayWaitedPercent: relay.waitedMs / 10,
    gatewaysCpuPercent: gateways.ranMs / 10,
    gatewaysWaitedPercent: gateways.waitedMs / 10,
    botsCpuPercent: bots.ranMs / 10,
    botsWaitedPercent: bots.waitedMs / 10,
    listenersP99Ms: listeners?.p99Ms ?? null,
    listenersLost: listeners?.lost ?? null,
  }));
}

/** What is held against limits: medians over the rounds, but for loss. */
export function membersValues(all: readonly MembersMeasured[]): Record<string, number> {
  const [nobody, crowd] = CROWDS.map((name) => all.filter((measured) => measured.crowd === name));
  assert(nobody !== undefined && crowd !== undefined, 'there are two crowds');
  const median = (some: readonly MembersMeasured[], value: (measured: MembersMeasured) => number): number =>
    spreadOf(some.map(value)).median;
  const p99Ms = ({ p99Ms: value }: MembersMeasured): number => value;
  const relayMs = ({ relay }: MembersMeasured): number => relay.ranMs;
  return {
    // Not a median: what was lost once was lost.
    membersLossPercent: Math.max(...crowd.map(({ lossPercent }) => lossPercent)),
    // Not a ratio: what nobody costs is a fraction of a millisecond.
    membersAddedP99Ms: median(crowd, p99Ms) - median(nobody, p99Ms),
    relayCpuRatio: median(crowd, relayMs) / median(nobody, relayMs),
  };
}
