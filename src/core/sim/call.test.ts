import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { createRng } from '../base/rng.ts';
import { createHeader, encodeHeader } from '../wire/datagram.ts';
import type { Mac } from '../wire/probe.ts';
import { balances } from './balance.ts';
import { cleanNetwork, type Impairments } from './seeded-network.ts';
import { RELAY_ENDPOINT } from './sim-relay.ts';
import { Simulation } from './simulation.ts';
import { bothTalk, type Call, framesSince, holesIn, longestGapMs, startCall } from './whole-call.ts';

const mac: Mac = (key, data) => createHmac('sha256', key).update(data).digest();

const roughNetwork: Impairments = {
  delayMs: 20,
  jitterMs: 30,
  lossRate: 0.1,
  duplicateRate: 0.02,
  reorderRate: 0.02,
  reorderMs: 45,
};

function call(seed: number, impairments: Impairments = cleanNetwork): Call {
  return startCall({ seed, mac, impairments });
}

function expectBalance(simulation: Simulation): void {
  for (const { name, left, right } of balances(simulation))
    expect({ name, total: left }).toEqual({ name, total: right });
}

/** Lets both speak and checks that each hears the other without a hole. */
function expectToHearEachOther(present: Call): void {
  for (const { frames, holes } of bothTalk(present)) {
    expect(frames).toBeGreaterThanOrEqual(99);
    expect(holes).toBe(0);
  }
}

describe('a call on a clean network', () => {
  test('every frame arrives, in order, and soon with no more delay than the network and the device cause', () => {
    const { simulation, anna, ben } = call(1);
    anna.talking = true;
    simulation.runFor(20_000);
    anna.talking = false;
    simulation.runFor(1_000);

    expect(anna.spokenAtMs.length).toBe(1_000);
    expect(ben.heard.map((heard) => heard.frame)).toEqual(anna.spokenAtMs.map((_, frame) => frame));
    // Ben's device ticks at 10, 30, 50… and Anna's at 3, 23, 43… ms. Her frames come 30 ms later, at 33, 53…: they
    // could be played at the next tick, 47 ms after they were spoken. The first waits two frames more, before
    // anything was measured; then the delay goes down and stays at what this network and this device need.
    const delaysMs = ben.heard.map((heard) => heard.atMs - (anna.spokenAtMs[heard.frame] ?? 0));
    expect(delaysMs[0]).toBe(47 + 2 * 20);
    expect(delaysMs).toEqual(delaysMs.toSorted((a, b) => b - a));
    expect(new Set(delaysMs.slice(200))).toEqual(new Set([47]));
    expect(anna.heard).toEqual([]);
    expectBalance(simulation);
  });

  test('both pings show the round trip of the wire', () => {
    const { anna, simulation } = call(2);
    simulation.runFor(10_000);
    expect(anna.path?.pingMs).toBeCloseTo(30, 6);
    expect(anna.session.tcpPingMs).toBeCloseTo(30, 6);
  });

  test('people in other channels hear nothing, and those who come hear what is said from then on', () => {
    const present = call(3);
    const { simulation, anna, ben } = present;
    const cleo = simulation.addClient('Cleo');
    cleo.connect();
    simulation.runFor(1_000);
    cleo.joinChannel(2);
    simulation.runFor(500);
    expect(cleo.session.ownChannel?.name).toBe('Kitchen');
    expectToHearEachOther(present);
    expect(cleo.heard).toEqual([]);

    ben.joinChannel(2);
    simulation.runFor(500);
    const sinceMs = simulation.nowMs;
    simulation.runFor(2_000);
    expect(framesSince(anna.heard, sinceMs)).toEqual([]);
    const frames = framesSince(cleo.heard, sinceMs);
    // One more falls into these two seconds when the delay goes down meanwhile.
    expect(Math.abs(frames.length - 100)).toBeLessThanOrEqual(2);
    expect(holesIn(frames)).toBe(0);
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
    const { simulation, anna, ben } = call(4);
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
    const { simulation, anna, ben } = call(seed, roughNetwork);
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
      expect(jitter.played + jitter.lost + jitter.flushed).toBe(span);
      expect(frames.length).toBe(jitter.played);
      // Two crossings with 10 % loss each, and what comes too late: three quarters and more are heard.
      expect(frames.length / spoken).toBeGreaterThan(0.75);
      expect(frames.length / spoken).toBeLessThan(0.9);
    }
  });

  test('the same seed gives the same trace, another seed another', () => {
    const digest = (seed: number): string => {
      const present = call(seed, roughNetwork);
      present.anna.talking = true;
      present.simulation.runFor(5_000);
      return present.simulation.trace.digest;
    };
    expect(digest(21)).toBe(digest(21));
    expect(digest(21)).not.toBe(digest(22));
  });
});

describe('a NAT that moves the voice path', () => {
  test('voice flows again after the next probe, both ways', () => {
    const present = call(41);
    const { simulation, anna, ben } = present;
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
    expectToHearEachOther(present);
    expect(simulation.relay.stat('discard.wrongAddress')).toBe(refused);
    const gapMs = longestGapMs(ben.heard, movedAtMs - 100);
    expect(gapMs).toBeLessThan(1_200);
    expectBalance(simulation);
  });

  test('nobody can speak under a token from another address, or take it over with a probe they saw', () => {
    const { simulation, anna, ben } = call(42);
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
  const quiet = call(51);
  const attacked = call(51);
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
    {
      kind: 'refused',
      code: 'roomFull',
      rule: null,
      sentence: 'This room is full. Try again when somebody has left.',
    },
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
