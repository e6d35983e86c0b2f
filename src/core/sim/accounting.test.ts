import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WHISPER_LIST_BIT } from '../wire/datagram.ts';
import { balances } from './balance.ts';
import type { SimClient } from './sim-client.ts';
import { Simulation } from './simulation.ts';

/** Short by default; FUZZ_RUNS=20000 for a long night. fast-check prints the seed of a failure. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 100);
const timeout = 10_000 + 100 * numRuns;

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const LIST = (WHISPER_LIST_BIT | 1) >>> 0;

const rate = fc.double({ min: 0, max: 0.4, noNaN: true });
const impairments = fc.record({
  delayMs: fc.nat(150),
  jitterMs: fc.nat(80),
  lossRate: rate,
  duplicateRate: rate,
  reorderRate: rate,
  reorderMs: fc.nat(200),
});

/** What people, networks and hosts do. */
const deeds = {
  talk: ({ client }) => {
    client.talking = true;
  },
  hush: ({ client }) => {
    client.talking = false;
  },
  whisper: ({ client, other }) => {
    client.whispering = other.session.token;
    client.talking = true;
  },
  whisperToList: ({ client, other }) => {
    if (other.session.token !== null) client.setWhisperList(LIST, [other.session.token]);
    client.whispering = LIST;
  },
  speakUp: ({ client }) => {
    client.whispering = null;
  },
  write: ({ client }) => {
    client.write('hello', { kind: 'channel', channel: 1 });
  },
  move: ({ client }) => {
    client.moveTo({ address: client.endpoint.address, port: client.endpoint.port + 1 });
  },
  away: ({ client }) => {
    client.joinChannel(client.session.ownChannel?.id === 1 ? 2 : 1);
  },
  deafen: ({ client }) => client.setState(false, true),
  hear: ({ client }) => client.setState(false, false),
  offline: ({ client }) => client.setOffline(true),
  online: ({ client }) => client.setOffline(false),
  cut: ({ client }) => client.cutLane(),
  block: ({ client, simulation }) => {
    simulation.network.setBlocked(client.address, true);
    client.talking = true;
  },
  unblock: ({ client, simulation }) => simulation.network.setBlocked(client.address, false),
  crash: ({ simulation }) => {
    simulation.relay.crash();
    simulation.runFor(300);
    simulation.relay.start();
  },
  restart: ({ simulation }) => {
    simulation.relay.restart(200);
    simulation.runFor(300);
  },
  leaveOrReturn: ({ client }) => {
    if (client.session.phase === 'idle') client.connect();
    else client.leave();
  },
} satisfies Record<string, (scene: Scene) => void>;

interface Scene {
  readonly simulation: Simulation;
  readonly client: SimClient;
  readonly other: SimClient;
}

const action = fc.record({
  who: fc.nat(2),
  what: fc.constantFrom(...(Object.keys(deeds) as (keyof typeof deeds)[])),
});

test('whatever network and people do, every datagram and message of a whole call is accounted for', {
  timeout,
}, () => {
  const reached = { whispers: 0, byLane: 0, resumes: 0 };
  fc.assert(
    fc.property(
      fc.nat(),
      impairments,
      fc.array(action, { maxLength: 25, size: 'max' }),
      (seed, network, actions) => {
        const run = (): Simulation => {
          const simulation = new Simulation({ seed, mac, impairments: network });
          const people = ['Anna', 'Ben', 'Cleo'].map((nickname) => simulation.addClient(nickname));
          for (const client of people) client.connect();
          simulation.runFor(1_000);
          for (const { who, what } of actions) {
            const [client, other] = [people[who], people[(who + 1) % people.length]];
            if (client !== undefined && other !== undefined) deeds[what]({ simulation, client, other });
            simulation.runFor(700);
            for (const { name, left, right } of balances(simulation)) {
              expect({ name, total: left }).toEqual({ name, total: right });
            }
          }
          return simulation;
        };
        const first = run();
        expect(first.trace.digest).toBe(run().trace.digest);
        reached.whispers += first.relay.stat('whispersIn');
        reached.byLane += first.relay.stat('receivedByLane');
        reached.resumes += first.relay.stat('resumed');
      },
    ),
    { numRuns: Math.max(20, Math.floor(numRuns / 4)) },
  );
  for (const [name, count] of Object.entries(reached))
    expect({ name, reached: count > 0 }).toEqual({ name, reached: true });
});
