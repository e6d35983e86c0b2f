import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { HOLD_MS } from '../relay/sessions.ts';
import { LANE_DEAD_MS } from '../session/session-engine.ts';
import type { Mac } from '../wire/probe.ts';
import { balances } from './balance.ts';
import type { SimClient } from './sim-client.ts';
import type { Simulation } from './simulation.ts';
import { bothTalk, type Call, comeToo, holesIn, longestGapMs, startCall } from './whole-call.ts';

const mac: Mac = (key, data) => createHmac('sha256', key).update(data).digest();

function expectBalance(simulation: Simulation): void {
  for (const { name, left, right } of balances(simulation))
    expect({ name, total: left }).toEqual({ name, total: right });
}

function expectToHearEachOther(call: Call): void {
  for (const { frames, holes } of bothTalk(call)) {
    expect(frames).toBeGreaterThanOrEqual(99);
    expect(holes).toBe(0);
  }
}

function seenBy(client: SimClient, nickname: string) {
  return client.session.members.find((member) => member.nickname === nickname);
}

describe('a lane that breaks', () => {
  test('is resumed: same session, same channel and state, and voice pauses for a round trip or two', () => {
    const call = startCall({ seed: 31, mac });
    const { simulation, anna, ben } = call;
    for (const client of [anna, ben]) client.joinChannel(2);
    anna.setState(true, false);
    anna.talking = true;
    ben.talking = true;
    simulation.runFor(2_000);
    const { token } = anna;
    const sinceMs = simulation.nowMs;
    anna.cutLane();
    simulation.runFor(50);
    expect(seenBy(ben, 'Anna')).toMatchObject({ token, reconnecting: true, channel: 2 });
    simulation.runFor(5_000);
    expect(anna.session).toMatchObject({ phase: 'connected', token });
    expect(anna.session.counters).toMatchObject({ resumes: 1, welcomes: 2 });
    expect(seenBy(ben, 'Anna')).toMatchObject({ token, reconnecting: false, channel: 2, muted: true });
    expect(ben.session.counters.welcomes).toBe(1);
    // The new path key has to find its way: probe and challenge, probe and answer, and the jitter buffer's start.
    expect(longestGapMs(ben.heard, sinceMs)).toBeLessThan(200);
    expect(longestGapMs(anna.heard, sinceMs)).toBeLessThan(200);
    expect(holesIn(ben.heard.map((heard) => heard.frame))).toBeLessThanOrEqual(6);
    expectToHearEachOther(call);
    expectBalance(simulation);
  });

  test('is noticed where nobody is told, and the session goes on', () => {
    const call = startCall({ seed: 34, mac });
    const { simulation, anna, ben } = call;
    const { token } = anna;
    anna.setOffline(true);
    simulation.runFor(2_000);
    anna.setOffline(false);
    // The lane is dead for good, as after a change of networks, and neither side has been told.
    simulation.runFor(LANE_DEAD_MS + 1_000);
    expect(anna.session.counters.lanesDead).toBe(1);
    simulation.runFor(5_000);
    expect(anna.session).toMatchObject({ phase: 'connected', token });
    expect(anna.session.counters.resumes).toBe(1);
    expect(ben.session.members.map((member) => member.nickname).sort()).toEqual(['Anna', 'Ben']);
    expect(ben.session.counters.lanesLost).toBe(0);
    expect(simulation.relay.stat('lanesClosedTakenOver')).toBe(1);
    expectToHearEachOther(call);
    expectBalance(simulation);
  });

  test.each([false, true])(
    'takes a welcome with it, again and again (relay killed then: %s), and no chat',
    (killed) => {
      const { simulation, anna, ben } = startCall({ seed: 38, mac });
      const { relay } = simulation;
      const { token } = anna;
      const hash = () => relay.store.snapshot().sessions.find((one) => one.token === token)?.resumeHash;
      anna.cutLane();
      for (let lost = 1; lost <= 3; lost += 1) {
        ben.write(`text ${lost}`, { kind: 'channel', channel: 1 });
        const before = hash();
        for (let ms = 0; ms < 10_000 && hash() === before; ms += 1) simulation.runFor(1);
        // The relay has just answered.
        expect(hash()).not.toBe(before);
        anna.cutLane();
        if (!killed) continue;
        relay.crash();
        simulation.runFor(100);
        relay.start();
      }
      simulation.runFor(20_000);
      expect(anna.session).toMatchObject({ phase: 'connected', token });
      expect(anna.session.counters).toMatchObject({ welcomes: 2, resumes: 1 });
      expect(anna.chats.map(({ message }) => message.text)).toEqual(['text 1', 'text 2', 'text 3']);
      expect(relay.stat('resumedAgain')).toBe(3);
      expectBalance(simulation);
    },
  );

  test('leaves a place that is held two minutes, shown to the others, and then given up', () => {
    const { simulation, anna, ben } = startCall({ seed: 35, mac });
    const cutAtMs = simulation.nowMs;
    anna.cutLane();
    anna.setOffline(true);
    simulation.runFor(1_000);
    expect(seenBy(ben, 'Anna')).toMatchObject({ reconnecting: true });
    simulation.runFor(cutAtMs + HOLD_MS - 100 - simulation.nowMs);
    expect(seenBy(ben, 'Anna')).toMatchObject({ reconnecting: true });
    simulation.runFor(300);
    expect(seenBy(ben, 'Anna')).toBeUndefined();
    expect(ben.speakerCount).toBe(0);
    simulation.runFor(30_000);
    expect(anna.ends).toMatchObject([{ kind: 'gaveUp' }]);
    expect(simulation.relay.stat('holdsExpired')).toBe(1);
    expectBalance(simulation);
  });

  test('of a session that the relay does not hold any more leads into a new one, in the channel of before', () => {
    const call = startCall({ seed: 36, mac });
    const { simulation, anna, ben } = call;
    for (const client of [anna, ben]) client.joinChannel(2);
    anna.setState(true, true);
    simulation.runFor(500);
    const { token } = anna;
    simulation.relay.crash();
    simulation.relay.store.removeSession(token);
    simulation.relay.start();
    simulation.runFor(5_000);
    expect(anna.session.phase).toBe('connected');
    expect(anna.token).not.toBe(token);
    expect(anna.session.counters.resumes).toBe(0);
    expect(simulation.relay.stat('resumesUnknownToken')).toBe(1);
    expect(seenBy(ben, 'Anna')).toMatchObject({ token: anna.token, channel: 2, muted: true, deafened: true });
    expect(ben.session.members.length).toBe(2);
    anna.setState(false, false);
    simulation.runFor(500);
    expectToHearEachOther(call);
    expectBalance(simulation);
  });

  test('does not bring back who has entered from somewhere else', () => {
    const { simulation, anna, ben } = startCall({ seed: 37, mac });
    const again = simulation.addClient('Anna');
    again.connect();
    simulation.runFor(10_000);
    expect(anna.ends).toMatchObject([{ kind: 'refused', code: 'signedInElsewhere' }]);
    expect(anna.session.counters.attempts).toBe(1);
    expect(again.session.phase).toBe('connected');
    expect(ben.session.members.map((member) => member.token).sort()).toEqual([again.token, ben.token].sort());
    expectBalance(simulation);
  });
});

describe('a relay', () => {
  test.each([
    ['that says so', 31],
    ['that says so', 32],
    ['that dies without a word', 33],
    ['that dies without a word', 34],
  ] as const)('%s and is back after a second: all hear each other within three (seed %i)', (how, seed) => {
    const call = startCall({ seed, mac });
    const { simulation, anna, ben } = call;
    const cleo = comeToo(call, 'Cleo');
    const everybody = [anna, ben, cleo];
    anna.joinChannel(2);
    ben.joinChannel(2);
    ben.setState(true, false);
    anna.talking = true;
    ben.talking = true;
    simulation.runFor(2_000);
    const tokens = everybody.map((client) => client.token);
    const downMs = simulation.nowMs;
    if (how === 'that says so') simulation.relay.restart(1_000);
    else simulation.relay.crash();
    simulation.runFor(1_000);
    if (how === 'that dies without a word') simulation.relay.start();
    simulation.runFor(5_000);

    expect(everybody.map((client) => client.token)).toEqual(tokens);
    for (const client of everybody) {
      expect(client.session.counters).toMatchObject({ welcomes: 2, resumes: 1 });
      expect(client.session.ownChannel?.id).toBe(client === cleo ? 1 : 2);
      expect(client.session.members.every((member) => !member.reconnecting)).toBe(true);
      expect(client.ends).toEqual([]);
    }
    expect(seenBy(cleo, 'Ben')).toMatchObject({ channel: 2, muted: true });
    for (const listener of [anna, ben]) {
      const back = listener.heard.find((heard) => heard.atMs > downMs + 500);
      expect((back?.atMs ?? Number.POSITIVE_INFINITY) - downMs).toBeLessThan(3_000);
    }
    expect(cleo.heard.filter((heard) => heard.atMs > downMs)).toEqual([]);
    expectToHearEachOther(call);
    expectBalance(simulation);
  });

  test('that stays away is given up after two minutes, with a sentence', () => {
    const { simulation, anna } = startCall({ seed: 32, mac });
    simulation.relay.crash();
    const sinceMs = simulation.nowMs;
    simulation.runFor(119_000);
    expect(anna.ends).toEqual([]);
    simulation.runFor(13_000);
    expect(anna.ends).toEqual([
      { kind: 'gaveUp', failure: 'refused', sentence: expect.stringMatching(/two minutes/) },
    ]);
    expect(anna.session.phase).toBe('idle');
    // Ten hasty seconds, and then full jitter with a cap of 15 s: never a storm.
    expect(anna.session.counters.attempts).toBeGreaterThan(15);
    expect(anna.session.counters.attempts).toBeLessThan(70);
    expect(simulation.nowMs - sinceMs).toBe(132_000);
  });

  test('whose host closes the room ends the session for good', () => {
    const { simulation, anna, ben } = startCall({ seed: 33, mac });
    simulation.relay.close();
    simulation.runFor(5_000);
    for (const client of [anna, ben]) {
      expect(client.ends).toEqual([
        { kind: 'refused', code: 'relayClosing', rule: null, sentence: 'The host closed this room.' },
      ]);
      expect(client.session.counters.attempts).toBe(1);
    }
    expect(simulation.relay.stat('members')).toBe(0);
  });
});
