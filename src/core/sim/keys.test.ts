import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createRng } from '../base/rng.ts';
import { HOLD_MS } from '../relay/sessions.ts';
import type { Mac } from '../wire/probe.ts';
import { balances } from './balance.ts';
import type { SimClient } from './sim-client.ts';
import { Simulation } from './simulation.ts';
import { comeToo, startCall } from './whole-call.ts';

const mac: Mac = (key, data) => createHmac('sha256', key).update(data).digest();

/** Those in a channel, and what their groups agree on: one entry if all do. */
function secretsIn(channel: number, clients: readonly SimClient[]): (string | undefined)[] {
  const there = clients.filter((client) => client.session.ownChannel?.id === channel);
  return [...new Set(there.map((client) => client.group.epoch?.secret))];
}

function expectOneKey(channel: number, clients: readonly SimClient[]): string {
  const secrets = secretsIn(channel, clients);
  const there = clients.filter((client) => client.session.ownChannel?.id === channel).length;
  const members = clients.find((client) => client.session.ownChannel?.id === channel)?.group.epoch?.members;
  expect({ secrets: secrets.length, members }).toEqual({ secrets: 1, members: there });
  const [secret] = secrets;
  if (secret === undefined) throw new Error('nobody has a key');
  return secret;
}

function expectBalance(simulation: Simulation): void {
  for (const { name, left, right } of balances(simulation))
    expect({ name, total: left }).toEqual({ name, total: right });
}

describe('keys of a channel', () => {
  test('are anew within a second of every coming and going, and agreed on by exactly those who are there', () => {
    const call = startCall({ seed: 81, mac });
    const { simulation, anna, ben } = call;
    const seen = new Set([expectOneKey(1, [anna, ben])]);
    const cleo = comeToo(call, 'Cleo');
    const everybody = [anna, ben, cleo];
    seen.add(expectOneKey(1, everybody));
    cleo.joinChannel(2);
    simulation.runFor(1_000);
    const inLobby = expectOneKey(1, everybody);
    const inKitchen = expectOneKey(2, everybody);
    expect(cleo.group.epoch?.secret).toBe(inKitchen);
    seen.add(inLobby).add(inKitchen);
    cleo.joinChannel(1);
    simulation.runFor(1_000);
    seen.add(expectOneKey(1, everybody));
    ben.leave();
    simulation.runFor(1_000);
    seen.add(expectOneKey(1, everybody));
    expect(seen.size).toBe(6);
    expect(everybody.map((client) => client.group.counters.outOfStep)).toEqual([0, 0, 0]);
    expectBalance(simulation);
  });

  test('outlive lanes that break and a relay that restarts', () => {
    const call = startCall({ seed: 82, mac });
    const { simulation, anna, ben } = call;
    const cleo = comeToo(call, 'Cleo');
    const everybody = [anna, ben, cleo];
    anna.cutLane();
    simulation.runFor(4_000);
    expectOneKey(1, everybody);
    // The committer goes away while it is asked.
    ben.setOffline(true);
    cleo.joinChannel(2);
    simulation.runFor(500);
    cleo.joinChannel(1);
    simulation.runFor(5_000);
    ben.setOffline(false);
    simulation.runFor(40_000);
    expectOneKey(1, everybody);
    simulation.relay.crash();
    simulation.runFor(1_000);
    simulation.relay.start();
    simulation.runFor(8_000);
    for (const client of everybody) expect(client.session.phase).toBe('connected');
    expectOneKey(1, everybody);
    expectBalance(simulation);
  });

  test.each([83, 84, 85])('are agreed on after a storm of comings and goings (seed %i)', (seed) => {
    const simulation = new Simulation({ seed, mac, maxMembers: 20 });
    const rng = createRng(seed);
    const everybody = Array.from({ length: 12 }, (_, number) => simulation.addClient(`Member ${number}`));
    for (const client of everybody) {
      client.connect();
      simulation.runFor(rng.next() * 100);
    }
    for (let round = 0; round < 60; round += 1) {
      const client = everybody[Math.floor(rng.next() * everybody.length)];
      const chance = rng.next();
      if (client === undefined) continue;
      if (chance < 0.5) client.joinChannel(client.session.ownChannel?.id === 1 ? 2 : 1);
      else if (chance < 0.8) client.cutLane();
      else if (client.session.phase === 'idle') client.connect();
      else client.leave();
      simulation.runFor(rng.next() * 150);
    }
    // Whoever left while the lane was broken could not say so: that place is held, and its key with it.
    simulation.runFor(HOLD_MS + 10_000);
    for (const channel of [1, 2]) expectOneKey(channel, everybody);
    const commits = simulation.relay.stat('keys.commitsAccepted');
    expect(commits).toBeGreaterThan(10);
    expectBalance(simulation);
  });
});
