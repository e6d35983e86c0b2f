import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { KITCHEN, StaffedRoom } from '../sim/staffed-room.ts';
import { HEARING_INTERVAL_MS, type HearingReport, MAX_HEARING_REPORTS } from '../wire/hearing.ts';
import { HEARING_LIFETIME_MS, LISTENERS_PER_OUTLIER } from './hearing-desk.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

/** More often than a lane is taken for dead. */
const PING_MS = 10_000;

const names = ['Anna', 'Ben', 'Cleo', 'Dora', 'Egon', 'Fine', 'Gert', 'Hans', 'Ida', 'Jan', 'Kai'];

class HearingRoom {
  readonly room: StaffedRoom;
  readonly members: RecordedMember[];

  constructor(size: number, maxMembers = 40) {
    this.room = new StaffedRoom(mac, { maxMembers });
    this.members = Array.from({ length: size }, (_, at) =>
      this.room.admit(names[at] ?? `Guest ${at}`, { address: `192.0.2.${at + 1}` }),
    );
    this.room.hush();
  }

  at(index: number): RecordedMember {
    const member = this.members[index];
    if (member === undefined) throw new Error('nobody of that number');
    return member;
  }

  /** Member `listener` says how much it misses of the others, by number. */
  report(listener: number, losses: Record<number, number>, burstTenths = 10): void {
    const reports: HearingReport[] = Object.entries(losses).map(([speaker, lostPermille]) => ({
      from: this.at(Number(speaker)).token,
      lostPermille,
      burstTenths,
    }));
    this.room.say(this.at(listener).lane, { type: 'hearing', reports });
  }

  /** What member `speaker` was told since it was last asked for. */
  told(speaker: number): unknown[] {
    return this.room
      .take(this.at(speaker).lane)
      .flatMap((said) => (said.type === 'heard' ? [[said.lostPermille, said.burstTenths]] : []));
  }

  /** Lets time pass while everybody who is there stays there. */
  stay(durationMs: number): void {
    for (let leftMs = durationMs; leftMs > 0; leftMs -= PING_MS) {
      for (const { lane } of this.members)
        if (!this.room.closed.includes(lane)) this.room.say(lane, { type: 'ping', id: 1 });
      this.room.pass(Math.min(leftMs, PING_MS));
    }
  }

  stats(): Record<string, number> {
    return this.room.engine.stats();
  }
}

describe('HearingDesk', () => {
  test('tells a speaker what others miss, and nobody else', () => {
    const room = new HearingRoom(3);
    room.report(1, { 0: 120 }, 31);
    expect(room.told(0)).toEqual([[120, 31]]);
    expect([...room.told(1), ...room.told(2)]).toEqual([]);
    expect(room.stats()).toMatchObject({ hearingReports: 1, hearingReportsDropped: 0, heardTold: 1 });
  });

  test('goes by the listener who misses most, and by the longer losses of two', () => {
    const room = new HearingRoom(4);
    room.report(1, { 0: 50 });
    room.room.pass(HEARING_INTERVAL_MS);
    room.report(2, { 0: 120 }, 14);
    room.room.pass(HEARING_INTERVAL_MS);
    room.report(3, { 0: 120 }, 31);
    room.room.pass(HEARING_INTERVAL_MS);
    room.report(2, { 0: 20 });
    expect(room.told(0)).toEqual([
      [50, 10],
      [120, 14],
      [120, 31],
    ]);
    room.report(3, { 0: 0 });
    room.room.pass(HEARING_INTERVAL_MS);
    expect(room.told(0)).toEqual([[50, 10]]);
  });

  test('passes over the worst of many listeners, however loud it is', () => {
    for (const [listeners, told] of [
      [LISTENERS_PER_OUTLIER - 1, [[1000, 10]]],
      [LISTENERS_PER_OUTLIER, []],
    ] as const) {
      const room = new HearingRoom(listeners + 1);
      room.report(1, { 0: 1000 });
      room.stay(HEARING_INTERVAL_MS);
      expect(room.told(0).slice(0, 1)).toEqual(told);
    }
    const room = new HearingRoom(LISTENERS_PER_OUTLIER + 1);
    room.report(1, { 0: 1000 });
    room.report(2, { 0: 80 });
    room.room.pass(HEARING_INTERVAL_MS);
    expect(room.told(0)).toEqual([[80, 10]]);
  });

  test('does not count those who hear nobody among the many', () => {
    const room = new HearingRoom(LISTENERS_PER_OUTLIER + 1);
    room.room.say(room.at(5).lane, { type: 'state', muted: false, deafened: true });
    room.report(1, { 0: 300 });
    expect(room.told(0)).toEqual([[300, 10]]);
  });

  test('tells at most so often, the newest last, and only changes', () => {
    const room = new HearingRoom(2);
    for (const lost of [100, 200, 300]) room.report(1, { 0: lost });
    expect(room.told(0)).toEqual([[100, 10]]);
    room.room.pass(HEARING_INTERVAL_MS - 1);
    expect(room.told(0)).toEqual([]);
    room.room.pass(1);
    expect(room.told(0)).toEqual([[300, 10]]);
    for (let count = 0; count < 5; count += 1) {
      room.report(1, { 0: 300 });
      room.room.pass(HEARING_INTERVAL_MS);
    }
    expect(room.told(0)).toEqual([]);
  });

  test('drops what is about oneself, nobody, or somebody elsewhere', () => {
    const room = new HearingRoom(3);
    room.room.say(room.at(2).lane, { type: 'request', id: 1, request: { kind: 'join', channel: KITCHEN } });
    room.report(1, { 1: 500, 2: 500 });
    room.room.say(room.at(1).lane, {
      type: 'hearing',
      reports: [{ from: 1, lostPermille: 500, burstTenths: 10 }],
    });
    room.room.say(room.at(0).lane, { type: 'leave' });
    room.report(0, { 1: 500 });
    room.report(1, { 0: 500 });
    expect([0, 1, 2].flatMap((member) => room.told(member))).toEqual([]);
    expect(room.stats()).toMatchObject({ hearingReports: 5, hearingReportsDropped: 5, messagesBad: 0 });
  });

  test('forgets a report after its time, and when a member goes elsewhere, away or for good', () => {
    const endings: ((room: HearingRoom) => void)[] = [
      (room) => room.stay(HEARING_LIFETIME_MS),
      (room) => room.room.say(room.at(1).lane, { type: 'leave' }),
      (room) => room.room.hangUp(room.at(1).lane),
      (room) => room.room.say(room.at(1).lane, { type: 'bye' }),
      (room) => room.room.say(room.at(0).lane, { type: 'leave' }),
      (room) => room.report(1, { 0: 0 }),
    ];
    for (const end of endings) {
      const room = new HearingRoom(2);
      room.report(1, { 0: 250 });
      expect(room.told(0)).toEqual([[250, 10]]);
      end(room);
      room.room.pass(HEARING_INTERVAL_MS);
      expect(room.told(0)).toEqual([[0, 10]]);
      // Nothing is left that would wake it.
      room.stay(2 * HEARING_LIFETIME_MS);
      expect(room.told(0)).toEqual([]);
    }
  });

  test('begins with nothing lost on each lane, as the client does', () => {
    for (const hangUp of [true, false]) {
      const room = new HearingRoom(2);
      room.report(1, { 0: 250 });
      if (hangUp) room.room.hangUp(room.at(0).lane);
      const back = room.room.admit('Anna', { resume: room.room.ticket(room.at(0)) });
      room.members[0] = back;
      room.stay(HEARING_LIFETIME_MS);
      expect(room.told(0)).toEqual([]);
      room.report(1, { 0: 250 });
      expect(room.told(0)).toEqual([[250, 10]]);
    }
  });

  test('keeps so many reports of one listener, the newest', () => {
    const room = new HearingRoom(MAX_HEARING_REPORTS + 2);
    for (let speaker = 1; speaker < MAX_HEARING_REPORTS + 2; speaker += 1) room.report(0, { [speaker]: 400 });
    room.room.pass(HEARING_INTERVAL_MS);
    // Outliers pass over a single listener in a room this large: what is kept shows when the others have left.
    for (let member = 3; member < MAX_HEARING_REPORTS + 2; member += 1)
      room.room.say(room.at(member).lane, { type: 'leave' });
    room.report(0, { 2: 410 });
    room.room.pass(HEARING_INTERVAL_MS);
    expect(room.told(2)).toEqual([[410, 10]]);
    room.report(0, { 1: 0 });
    room.room.pass(HEARING_INTERVAL_MS);
    expect(room.told(1)).toEqual([]);
  });

  test('is a reaction: more of it than anybody has reason for is dropped, and no lane is closed', () => {
    const room = new HearingRoom(2);
    for (let count = 0; count < 1_000; count += 1) room.report(1, { 0: count });
    const { hearingReports, reactionsTooMany } = room.stats();
    expect((hearingReports ?? 0) + (reactionsTooMany ?? 0)).toBe(1_000);
    expect(reactionsTooMany).toBeGreaterThan(800);
    expect(room.room.closed).toEqual([]);
  });
});
