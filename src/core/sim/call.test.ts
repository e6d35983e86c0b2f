import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { createRng } from '../base/rng.ts';
import { LANE_DEAD_MS } from '../session/session-engine.ts';
import { createHeader, encodeHeader } from '../wire/datagram.ts';
import type { Mac } from '../wire/probe.ts';
import { balances } from './balance.ts';
import { cleanNetwork, type Impairments } from './seeded-network.ts';
import type { HeardFrame, SimClient } from './sim-client.ts';
import { RELAY_ENDPOINT } from './sim-relay.ts';
import { Simulation } from './simulation.ts';

const mac: Mac = (key, data) => createHmac('sha256', key).update(data).digest();

const roughNetwork: Impairments = {
  delayMs: 20,
  jitterMs: 30,
  lossRate: 0.1,
  duplicateRate: 0.02,
  reorderRate: 0.02,
  reorderMs: 45,
};

interface Call {
  readonly simulation: Simulation;
  readonly anna: SimClient;
  readonly ben: SimClient;
}

function expectBalance(simulation: Simulation): void {
  for (const { name, left, right } of balances(simulation))
    expect({ name, total: left }).toEqual({ name, total: right });
}

/** Two people in one room, both with a voice path. */
function startCall(seed: number, impairments: Impairments = cleanNetwork): Call {
  const simulation = new Simulation({ seed, mac, impairments });
  const anna = simulation.addClient('Anna');
  const ben = simulation.addClient('Ben');
  anna.connect();
  simulation.runFor(250);
  ben.connect();
  simulation.runFor(2_000);
  expect([anna.session.phase, ben.session.phase]).toEqual(['connected', 'connected']);
  expect([anna.path?.alive, ben.path?.alive]).toEqual([true, true]);
  return { simulation, anna, ben };
}

function framesSince(heard: readonly HeardFrame[], sinceMs: number): number[] {
  return heard.filter((frame) => frame.atMs >= sinceMs).map((frame) => frame.frame);
}

/** From the first to the last of `frames`, with none missing. */
function unbroken(frames: readonly number[]): number[] {
  const first = frames[0] ?? 0;
  return Array.from(frames, (_, index) => first + index);
}

/** Lets both speak and checks that each hears the other without a hole. */
function expectToHearEachOther({ simulation, anna, ben }: Call): void {
  anna.talking = true;
  ben.talking = true;
  simulation.runFor(500);
  const sinceMs = simulation.nowMs;
  simulation.runFor(2_000);
  for (const listener of [anna, ben]) {
    const frames = framesSince(listener.heard, sinceMs);
    expect(frames.length).toBeGreaterThanOrEqual(99);
    expect(frames).toEqual(unbroken(frames));
  }
}

describe('a call on a clean network', () => {
  test('every frame arrives, in order, with exactly the delay of network and jitter buffer', () => {
    const { simulation, anna, ben } = startCall(1);
    anna.talking = true;
    simulation.runFor(20_000);
    anna.talking = false;
    simulation.runFor(1_000);

    expect(anna.spokenAtMs.length).toBe(1_000);
    expect(ben.heard.map((heard) => heard.frame)).toEqual(anna.spokenAtMs.map((_, frame) => frame));
    // Ben's device ticks at 10, 30, 50… and Anna's at 3, 23, 43… ms. Her first frame is played as soon as the
    // second is held: 20 ms after it was spoken, 30 ms of network, and the wait for the next tick.
    const arrivedMs = (anna.spokenAtMs[0] ?? 0) + 20 + 2 * cleanNetwork.delayMs;
    const playedMs = Math.ceil((arrivedMs - 10) / 20) * 20 + 10;
    const expectedMs = playedMs - (anna.spokenAtMs[0] ?? 0);
    const delaysMs = ben.heard.map((heard) => heard.atMs - (anna.spokenAtMs[heard.frame] ?? 0));
    expect(new Set(delaysMs)).toEqual(new Set([expectedMs]));
    expect(expectedMs).toBe(67);
    expect(anna.heard).toEqual([]);
    expectBalance(simulation);
  });

  test('both pings show the round trip of the wire', () => {
    const { anna, simulation } = startCall(2);
    simulation.runFor(10_000);
    expect(anna.path?.pingMs).toBeCloseTo(30, 6);
    expect(anna.session.tcpPingMs).toBeCloseTo(30, 6);
  });

  test('people in other channels hear nothing, and those who come hear what is said from then on', () => {
    const call = startCall(3);
    const { simulation, anna, ben } = call;
    const cleo = simulation.addClient('Cleo');
    cleo.connect();
    simulation.runFor(1_000);
    cleo.joinChannel(2);
    simulation.runFor(500);
    expect(cleo.session.ownChannel?.name).toBe('Kitchen');
    expectToHearEachOther(call);
    expect(cleo.heard).toEqual([]);

    ben.joinChannel(2);
    simulation.runFor(500);
    const sinceMs = simulation.nowMs;
    simulation.runFor(2_000);
    expect(framesSince(anna.heard, sinceMs)).toEqual([]);
    const frames = framesSince(cleo.heard, sinceMs);
    expect(frames.length).toBe(100);
    expect(frames).toEqual(unbroken(frames));
    expect(cleo.heard.every((heard) => heard.speaker === 1)).toBe(true);

    ben.joinChannel(null);
    simulation.runFor(500);
    const afterMs = simulation.nowMs;
    simulation.runFor(1_000);
    expect(framesSince(cleo.heard, afterMs)).toEqual([]);
    expect(ben.session.phase).toBe('connected');
    expectBalance(simulation);
  });

  test('who is deafened is sent no voice, and who leaves is gone for the others', () => {
    const { simulation, anna, ben } = startCall(4);
    anna.talking = true;
    ben.setState(true, true);
    simulation.runFor(500);
    const voiceBefore = ben.counters.voice;
    simulation.runFor(1_000);
    expect(ben.counters.voice).toBe(voiceBefore);
    expect(anna.session.members.find((member) => member.nickname === 'Ben')).toMatchObject({
      muted: true,
      deafened: true,
    });
    ben.setState(false, false);
    simulation.runFor(1_000);
    expect(ben.counters.voice).toBeGreaterThan(voiceBefore + 40);

    anna.leave();
    simulation.runFor(500);
    expect(ben.session.members.map((member) => member.nickname)).toEqual(['Ben']);
    expect(ben.speakerCount).toBe(0);
    expect(anna.ends).toEqual([{ kind: 'left', sentence: '' }]);
    expectBalance(simulation);
  });
});

describe('a call on a rough network', () => {
  test.each([11, 12, 13, 14, 15])('all totals balance from end to end (seed %i)', (seed) => {
    const { simulation, anna, ben } = startCall(seed, roughNetwork);
    anna.talking = true;
    ben.talking = true;
    simulation.runFor(30_000);
    anna.talking = false;
    ben.talking = false;
    simulation.runFor(3_000);
    expectBalance(simulation);

    for (const [speaker, listener] of [
      [anna, ben],
      [ben, anna],
    ] as const) {
      const frames = listener.heard.map((heard) => heard.frame);
      expect(frames).toEqual([...new Set(frames)].sort((a, b) => a - b));
      const jitter = listener.jitterCounters();
      const spoken = speaker.spokenAtMs.length;
      const span = (frames.at(-1) ?? 0) - (frames[0] ?? 0) + 1;
      // Within what was heard, each number was played, dropped with a backlog, or its turn passed.
      expect(jitter.played + jitter.drained + jitter.lost + jitter.flushed).toBe(span);
      expect(frames.length).toBe(jitter.played + jitter.drained);
      // Two crossings with 10 % loss each, and what comes too late: three quarters and more are heard.
      expect(frames.length / spoken).toBeGreaterThan(0.75);
      expect(frames.length / spoken).toBeLessThan(0.9);
    }
  });

  test('the same seed gives the same trace, another seed another', () => {
    const digest = (seed: number): string => {
      const call = startCall(seed, roughNetwork);
      call.anna.talking = true;
      call.simulation.runFor(5_000);
      return call.simulation.trace.digest;
    };
    expect(digest(21)).toBe(digest(21));
    expect(digest(21)).not.toBe(digest(22));
  });
});

describe('a call that is interrupted', () => {
  test('after a restart of the relay both come back, in their channel and state, and hear each other', () => {
    const call = startCall(31);
    const { simulation, anna, ben } = call;
    anna.joinChannel(2);
    ben.joinChannel(2);
    ben.setState(true, false);
    simulation.runFor(500);
    const tokens = [anna.token, ben.token];
    simulation.relay.crash();
    simulation.runFor(1_500);
    expect(['waiting', 'connecting']).toContain(anna.session.phase);
    simulation.relay.start();
    simulation.runFor(20_000);

    expect(anna.welcomes.length).toBe(2);
    expect(ben.welcomes.length).toBe(2);
    expect([anna.token, ben.token]).not.toEqual(tokens);
    expect(anna.session.members).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ nickname: 'Anna', channel: 2, muted: false }),
        expect.objectContaining({ nickname: 'Ben', channel: 2, muted: true }),
      ]),
    );
    expectToHearEachOther(call);
    expect([...anna.ends, ...ben.ends]).toEqual([]);
    expectBalance(simulation);
  });

  test('a relay that stays away is given up after two minutes, with a sentence', () => {
    const { simulation, anna } = startCall(32);
    simulation.relay.crash();
    const sinceMs = simulation.nowMs;
    simulation.runFor(119_000);
    expect(anna.ends).toEqual([]);
    simulation.runFor(13_000);
    expect(anna.ends).toEqual([
      { kind: 'gaveUp', failure: 'refused', sentence: expect.stringMatching(/two minutes/) },
    ]);
    expect(anna.session.phase).toBe('idle');
    // Full jitter with a cap of 15 s: some 15 attempts on average, and never a storm.
    expect(anna.session.counters.attempts).toBeGreaterThan(8);
    expect(anna.session.counters.attempts).toBeLessThan(60);
    expect(simulation.nowMs - sinceMs).toBe(132_000);
  });

  test('a host who closes the room ends the session for good', () => {
    const { simulation, anna, ben } = startCall(33);
    simulation.relay.close();
    simulation.runFor(5_000);
    for (const client of [anna, ben]) {
      expect(client.ends).toEqual([
        { kind: 'refused', code: 'relayClosing', sentence: 'The host closed this room.' },
      ]);
      expect(client.session.counters.attempts).toBe(1);
    }
    expect(simulation.relay.stat('members')).toBe(0);
  });

  test('a line that went dead is noticed, and the name is won back from the old session', () => {
    const call = startCall(34);
    const { simulation, anna, ben } = call;
    anna.setOffline(true);
    simulation.runFor(2_000);
    anna.setOffline(false);
    // The lane is dead for good, as after a change of networks, and neither side has been told.
    simulation.runFor(LANE_DEAD_MS + 1_000);
    expect(anna.session.counters.lanesDead).toBe(1);
    simulation.runFor(30_000);
    expect(anna.session.phase).toBe('connected');
    expect(anna.session.counters.refusals).toBeGreaterThanOrEqual(1);
    expect(ben.session.members.map((member) => member.nickname).sort()).toEqual(['Anna', 'Ben']);
    expect(simulation.relay.stat('lanesClosedSilent')).toBe(1);
    expectToHearEachOther(call);
    expectBalance(simulation);
  });
});

describe('a NAT that moves the voice path', () => {
  test('voice flows again after the next probe, both ways', () => {
    const call = startCall(41);
    const { simulation, anna, ben } = call;
    anna.talking = true;
    ben.talking = true;
    simulation.runFor(2_000);
    const movedAtMs = simulation.nowMs;
    anna.moveTo({ address: anna.endpoint.address, port: 50_777 });
    simulation.runFor(1_300);
    // Nothing passes before the probe, but a second is the longest pause between two.
    expect(simulation.relay.stat('discard.wrongAddress')).toBeGreaterThan(0);
    expect(simulation.relay.stat('binds')).toBe(3);
    const refused = simulation.relay.stat('discard.wrongAddress');
    expectToHearEachOther(call);
    expect(simulation.relay.stat('discard.wrongAddress')).toBe(refused);
    const gapMs = longestGapMs(ben.heard, movedAtMs - 100);
    expect(gapMs).toBeLessThan(1_200);
    expectBalance(simulation);
  });

  test('nobody can speak under a token from another address, or take it over with a probe they saw', () => {
    const { simulation, anna, ben } = startCall(42);
    const probes: Uint8Array[] = [];
    const forward = simulation.network.send.bind(simulation.network);
    simulation.network.send = (from, to, bytes) => {
      if (from === anna.endpoint && bytes[4] === 0x40) probes.push(bytes.slice());
      forward(from, to, bytes);
    };
    simulation.runFor(3_000);
    const thief = { address: '203.0.113.66', port: 6_666 };
    const answers: Uint8Array[] = [];
    simulation.network.bind(thief, (bytes) => answers.push(bytes));
    expect(probes.length).toBeGreaterThanOrEqual(2);
    const forged = voiceOf(anna.token, 7_000);
    const stolen = [...probes];
    for (const probe of stolen) forward(thief, RELAY_ENDPOINT, probe);
    const tampered = (probes[0] ?? new Uint8Array()).slice();
    tampered.fill(0xff, 18, 24);
    tampered[17] = 0;
    tampered[18] = 0x1f;
    forward(thief, RELAY_ENDPOINT, tampered);
    for (let count = 0; count < 50; count += 1) forward(thief, RELAY_ENDPOINT, forged);
    anna.talking = true;
    simulation.runFor(2_000);

    expect(answers).toEqual([]);
    expect(simulation.relay.stat('discard.wrongAddress')).toBe(50);
    expect(simulation.relay.stat('discard.probeReplayed')).toBe(stolen.length);
    expect(simulation.relay.stat('discard.probeForged')).toBe(1);
    expect(simulation.relay.stat('binds')).toBe(2);
    expect(ben.heard.map((heard) => heard.frame)).toEqual(ben.heard.map((_, frame) => frame));
    expect(ben.heard.length).toBeGreaterThan(90);
  });
});

test('garbage on both paths in the middle of a call changes nothing for the others', () => {
  const quiet = startCall(51);
  const attacked = startCall(51);
  const rng = createRng(52);
  const stranger = { address: '203.0.113.9', port: 9 };
  const silence = {
    address: stranger.address,
    handleOpened() {},
    handleMessage() {},
    handleLaneDatagram() {},
    handleClosed() {},
  };
  for (const { anna, ben } of [quiet, attacked]) {
    anna.talking = true;
    ben.talking = true;
  }
  let sent = 0;
  for (let round = 0; round < 200; round += 1) {
    quiet.simulation.runFor(50);
    attacked.simulation.runFor(50);
    const { simulation, anna } = attacked;
    const junk = Uint8Array.from({ length: Math.floor(rng.next() * 1_400) }, () =>
      Math.floor(rng.next() * 256),
    );
    const truncated = voiceOf(anna.token, round).subarray(0, Math.floor(rng.next() * 24));
    for (const bytes of [junk, truncated, voiceOf(anna.token, round), voiceOf(round, round)]) {
      simulation.network.send(stranger, RELAY_ENDPOINT, bytes);
      sent += 1;
    }
    const lane = simulation.lanes.open(silence);
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '{"type":"welcome"}',
      '{"type":"join","channel":2}',
      'x'.repeat(70_000),
    ]) {
      simulation.lanes.sendToRelay(lane, text);
    }
  }
  expect(sent).toBe(800);
  const { relay } = attacked.simulation;
  expect(relay.stat('lanesClosedBadMessages')).toBeGreaterThan(150);
  expect(relay.stat('lanes')).toBeLessThanOrEqual(66);
  expect(relay.stat('members')).toBe(2);
  expect(attacked.ben.heard).toEqual(quiet.ben.heard);
  expect(attacked.anna.heard).toEqual(quiet.anna.heard);
  expect(attacked.ben.heard.length).toBeGreaterThan(490);
});

test('a full room is told apart from a room that is not there', () => {
  const simulation = new Simulation({ seed: 61, mac, maxMembers: 1 });
  const first = simulation.addClient('First');
  const second = simulation.addClient('Second');
  first.connect();
  simulation.runFor(500);
  second.connect();
  simulation.runFor(500);
  expect(second.ends).toEqual([
    { kind: 'refused', code: 'roomFull', sentence: 'This room is full. Try again when somebody has left.' },
  ]);
  simulation.relay.crash();
  second.connect();
  simulation.runFor(500);
  expect(second.ends.at(-1)).toMatchObject({ kind: 'failed', failure: 'refused' });
});

function voiceOf(token: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(24).fill(7);
  const header = createHeader();
  header.token = token as SessionToken;
  header.sequence = sequence as SeqNo;
  header.timestamp = sequence * 960;
  encodeHeader(header, bytes);
  return bytes;
}

function longestGapMs(heard: readonly HeardFrame[], sinceMs: number): number {
  let longestMs = 0;
  let previousMs = sinceMs;
  for (const { atMs } of heard) {
    if (atMs < sinceMs) continue;
    longestMs = Math.max(longestMs, atMs - previousMs);
    previousMs = atMs;
  }
  return longestMs;
}
