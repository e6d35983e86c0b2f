import { describe, expect, test } from 'vitest';
import type { AdminEvent, BotsState } from '../../../contract/admin.ts';
import { fakeBotsState, fakeTraffic } from '../dev/fake-figures.ts';
import { fakeMember, fakeRoom } from '../dev/fake-room.ts';
import { afterEvents, MAX_BOT_POINTS, MAX_TRAFFIC, type RoomState, unknownRoom } from './room-store.ts';

function hear(state: RoomState, ...events: AdminEvent[]): RoomState {
  return afterEvents(state, events);
}

const inside = hear(unknownRoom, { type: 'room', room: fakeRoom() });

describe('the room', () => {
  test('nothing is made up before the whole is there', () => {
    const event: AdminEvent = { type: 'member', member: fakeMember(1, 'Early') };
    expect(hear(unknownRoom, event).room).toBeNull();
  });

  test('members come, change and go; saying the same twice changes nothing more', () => {
    const come: AdminEvent = { type: 'member', member: fakeMember(90, 'New') };
    const change: AdminEvent = { type: 'member', member: fakeMember(90, 'New', { channel: 2 }) };
    const state = hear(inside, come, come, change);
    const found = state.room?.members.filter((member) => member.token === 90);
    expect(found).toEqual([fakeMember(90, 'New', { channel: 2 })]);
    expect(hear(state, { type: 'memberLeft', token: 90 }).room?.members).toEqual(inside.room?.members);
  });

  test('channels keep their place when they change, and go', () => {
    const [, workshop] = inside.room?.channels ?? [];
    if (workshop === undefined) throw new Error('the made-up room has two channels');
    const changed = hear(inside, { type: 'channel', channel: { ...workshop, name: 'Shed' } });
    expect(changed.room?.channels[1]?.name).toBe('Shed');
    const gone = hear(changed, { type: 'channelRemoved', channel: workshop.id });
    expect(gone.room?.channels.some((channel) => channel.id === workshop.id)).toBe(false);
  });

  test('name, size and roles are taken over', () => {
    const state = hear(
      inside,
      { type: 'config', config: { name: 'Other', maxMembers: 7 } },
      { type: 'roles', roles: [] },
    );
    expect(state.room).toMatchObject({ name: 'Other', maxMembers: 7, roles: [] });
  });

  test('a room that says the same again is the same, so that nothing is drawn anew', () => {
    expect(hear(inside, { type: 'room', room: fakeRoom() }).room).toBe(inside.room);
  });
});

test('traffic is kept for so long and no longer', () => {
  const events = Array.from(
    { length: MAX_TRAFFIC + 1 },
    (_, second): AdminEvent => ({ type: 'traffic', traffic: fakeTraffic(second, second * 1_000, 1) }),
  );
  const { traffic } = hear(inside, ...events);
  expect(traffic).toHaveLength(MAX_TRAFFIC);
  expect(traffic[0]?.atMs).toBe(1_000);
  expect(hear(inside, ...events.slice(1)).traffic).toHaveLength(MAX_TRAFFIC);
});

describe('the stress test', () => {
  const request = { bots: 10, speakers: 2, seconds: 600, address: null };
  const told = (tick: number, stopped = false): AdminEvent => ({
    type: 'bots',
    bots: fakeBotsState(request, tick, stopped),
  });

  test('points are taken while it speaks, each once', () => {
    const state = hear(inside, told(0), told(1), told(2), told(2), told(3), told(4, true));
    expect(state.bots?.phase).toBe('done');
    expect(state.botPoints.map((point) => point.elapsedSeconds)).toEqual([1, 2]);
  });

  test('the moment in which speaking begins is no figure', () => {
    const bots = { ...fakeBotsState(request, 2, false), elapsedSeconds: 0 };
    expect(hear(inside, { type: 'bots', bots }).botPoints).toEqual([]);
  });

  test('another test begins with an empty graph', () => {
    const first = hear(inside, told(0), told(2), told(3));
    expect(hear(first, told(0)).botPoints).toEqual([]);
  });

  test('the points are bounded', () => {
    const point = (elapsedSeconds: number): BotsState => ({
      ...fakeBotsState(request, 2, false),
      elapsedSeconds,
    });
    const events = Array.from(
      { length: MAX_BOT_POINTS + 5 },
      (_, second): AdminEvent => ({ type: 'bots', bots: point(second + 1) }),
    );
    expect(hear(inside, ...events).botPoints).toHaveLength(MAX_BOT_POINTS);
  });
});

test('news of the log are counted', () => {
  expect(hear(inside, { type: 'audit' }, { type: 'audit' }).auditNews).toBe(2);
});
