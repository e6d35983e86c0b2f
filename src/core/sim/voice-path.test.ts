import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { WHISPER_LIST_BIT } from '../wire/datagram.ts';
import type { Mac } from '../wire/probe.ts';
import { balances } from './balance.ts';
import type { Simulation } from './simulation.ts';
import { bothTalk, comeToo, framesSince, holesIn, longestGapMs, startCall } from './whole-call.ts';

const mac: Mac = (key, data) => createHmac('sha256', key).update(data).digest();

function expectBalance(simulation: Simulation): void {
  for (const { name, left, right } of balances(simulation))
    expect({ name, total: left }).toEqual({ name, total: right });
}

describe('UDP that is blocked', () => {
  test('in the middle of a call: voice takes the lane, both ways, and goes back when it may', () => {
    const call = startCall({ seed: 71, mac });
    const { simulation, anna, ben } = call;
    anna.talking = true;
    ben.talking = true;
    simulation.runFor(3_000);
    const blockedAtMs = simulation.nowMs;
    simulation.network.setBlocked(anna.address, true);
    simulation.runFor(8_000);
    expect([anna.path?.voicePath, ben.path?.voicePath]).toEqual(['lane', 'udp']);
    expect(anna.path?.alive).toBe(true);
    // Five heartbeats are waited for, at most.
    expect(longestGapMs(ben.heard, blockedAtMs)).toBeLessThan(6_500);
    expect(longestGapMs(anna.heard, blockedAtMs)).toBeLessThan(6_500);
    const onLaneMs = simulation.nowMs;
    simulation.runFor(5_000);
    for (const listener of [anna, ben]) {
      const frames = framesSince(listener.heard, onLaneMs);
      expect(frames.length).toBeGreaterThanOrEqual(249);
      expect(holesIn(frames)).toBe(0);
    }
    expect(simulation.relay.stat('forwardedOutByLane')).toBeGreaterThan(249);

    const clearedAtMs = simulation.nowMs;
    simulation.network.setBlocked(anna.address, false);
    simulation.runFor(5_000);
    expect(anna.path?.voicePath).toBe('udp');
    // What was sent by the lane and what is sent by UDP meet without a hole.
    for (const listener of [anna, ben]) {
      expect(longestGapMs(listener.heard, clearedAtMs)).toBeLessThanOrEqual(40);
      expect(holesIn(framesSince(listener.heard, clearedAtMs))).toBe(0);
    }
    expectBalance(simulation);
  });

  test('from the start: people hear each other within two seconds', () => {
    const call = startCall({ seed: 72, mac });
    const { simulation, ben } = call;
    const cleo = simulation.addClient('Cleo');
    simulation.network.setBlocked(cleo.address, true);
    cleo.talking = true;
    ben.talking = true;
    const sinceMs = simulation.nowMs;
    cleo.connect();
    simulation.runFor(4_000);
    expect(cleo.path?.voicePath).toBe('lane');
    for (const listener of [cleo, ben])
      expect((listener.heard[0]?.atMs ?? 1e9) - sinceMs).toBeLessThan(2_000);
    // A lane that is resumed begins with UDP again, and falls back again.
    cleo.cutLane();
    simulation.runFor(4_000);
    expect(cleo.session.counters.resumes).toBe(1);
    expect(cleo.path?.voicePath).toBe('lane');
    const backMs = simulation.nowMs;
    simulation.runFor(1_000);
    for (const listener of [cleo, ben])
      expect(framesSince(listener.heard, backMs).length).toBeGreaterThanOrEqual(49);
    expectBalance(simulation);
  });
});

describe('a NAT that moves the voice path', () => {
  test.each([0, 200, 400, 600, 800])(
    'costs at most a heartbeat and a round trip (%i ms later)',
    (laterMs) => {
      const call = startCall({ seed: 73, mac });
      const { simulation, anna, ben } = call;
      anna.talking = true;
      ben.talking = true;
      simulation.runFor(2_000 + laterMs);
      const movedAtMs = simulation.nowMs;
      anna.moveTo({ address: anna.endpoint.address, port: 50_777 });
      simulation.runFor(4_000);
      // Up to 1 s until the next heartbeat, 60 ms for challenge and answer, 30 ms for the voice itself.
      for (const listener of [anna, ben]) {
        expect(longestGapMs(listener.heard, movedAtMs)).toBeLessThan(1_200);
        expect(holesIn(framesSince(listener.heard, movedAtMs - 100))).toBeLessThanOrEqual(55);
      }
      expect(simulation.relay.stat('binds')).toBe(3);
      for (const { holes } of bothTalk(call)) expect(holes).toBe(0);
      expectBalance(simulation);
    },
  );
});

describe('a whisper', () => {
  const LIST = (WHISPER_LIST_BIT | 1) >>> 0;

  test('to one person is heard by that person, in another channel too, and by nobody else', () => {
    const call = startCall({ seed: 74, mac });
    const { simulation, anna, ben } = call;
    const cleo = comeToo(call, 'Cleo');
    cleo.joinChannel(2);
    anna.talking = true;
    simulation.runFor(1_000);
    anna.whispering = cleo.token;
    simulation.runFor(2_000);
    anna.whispering = null;
    simulation.runFor(1_000);
    anna.talking = false;
    simulation.runFor(1_000);
    expect(anna.voice.whisperedAtMs.length).toBe(100);
    expect(cleo.voice.whispersHeard.map((heard) => heard.frame)).toEqual(
      anna.voice.whisperedAtMs.map((_, frame) => frame),
    );
    expect([cleo.heard.length, ben.voice.whispersHeard.length]).toEqual([0, 0]);
    expect(holesIn(ben.heard.map((heard) => heard.frame))).toBe(0);
    expect(ben.heard.length).toBe(anna.spokenAtMs.length);
    expect(simulation.relay.stat('whispersIn')).toBe(100);
    expectBalance(simulation);
  });

  test('to a list is heard by exactly those in it, also after a resume and after a restart of the relay', () => {
    const call = startCall({ seed: 75, mac });
    const { simulation, anna, ben } = call;
    const [cleo, dora] = [comeToo(call, 'Cleo'), comeToo(call, 'Dora')];
    cleo.joinChannel(2);
    const asked = anna.setWhisperList(LIST, [ben.token, cleo.token]);
    simulation.runFor(500);
    expect(anna.answers.get(asked ?? 0)).toEqual({ ok: true });
    anna.whispering = LIST;
    const whisperForASecond = (): number[] => {
      const before = [ben, cleo, dora].map((client) => client.voice.whispersHeard.length);
      anna.talking = true;
      simulation.runFor(1_000);
      anna.talking = false;
      simulation.runFor(500);
      return [ben, cleo, dora].map((client, at) => client.voice.whispersHeard.length - (before[at] ?? 0));
    };
    expect(whisperForASecond()).toEqual([50, 50, 0]);
    anna.cutLane();
    simulation.runFor(3_000);
    expect(whisperForASecond()).toEqual([50, 50, 0]);
    simulation.relay.crash();
    simulation.relay.start();
    simulation.runFor(5_000);
    expect(anna.session.counters.resumes).toBe(2);
    expect(whisperForASecond()).toEqual([50, 50, 0]);
    anna.setWhisperList(LIST, [dora.token]);
    simulation.runFor(500);
    expect(whisperForASecond()).toEqual([0, 0, 50]);
    anna.setWhisperList(LIST, []);
    simulation.runFor(500);
    expect(whisperForASecond()).toEqual([0, 0, 0]);
    expect(simulation.relay.stat('discard.unknownList')).toBe(50);
    for (const client of [ben, cleo, dora]) expect(client.heard).toEqual([]);
    expectBalance(simulation);
  });
});
