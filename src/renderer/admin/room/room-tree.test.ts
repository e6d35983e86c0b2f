import { describe, expect, test } from 'vitest';
import { fakeChannels, fakeMember, fakeRoom } from '../dev/fake-room.ts';
import { channelOptions, countText, foundMembers, readFilter, roomBranches, treeOrder } from './room-tree.ts';

const [lobby] = fakeChannels;
if (lobby === undefined) throw new Error('the made-up room has a channel');
const channel = (id: number, parent: number | null) => ({ ...lobby, id, parent, name: `Channel ${id}` });

describe('the order of channels', () => {
  const shape = (list: Parameters<typeof treeOrder>[0]): [number, number][] =>
    treeOrder(list).map(({ channel: one, depth }) => [one.id, depth]);

  test('a channel stands under its parent, whatever came first', () => {
    expect(shape([channel(3, 2), channel(1, null), channel(2, 1), channel(4, null)])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 0],
    ]);
  });

  test('one whose parent is not there, and those in a circle, are shown all the same, once', () => {
    expect(shape([channel(1, 9)])).toEqual([[1, 0]]);
    expect(shape([channel(1, 2), channel(2, 1), channel(3, 3)])).toHaveLength(3);
  });

  test('choices are moved to the right by their depth', () => {
    expect(channelOptions([channel(1, null), channel(2, 1)]).map((option) => option.label)).toEqual([
      'Channel 1',
      '\u00a0\u00a0Channel 2',
    ]);
  });
});

test('everybody is in one branch or outside, by name', () => {
  const room = fakeRoom();
  const members = [
    fakeMember(1, 'zoe', { channel: 1 }),
    fakeMember(2, 'Ada', { channel: 1 }),
    fakeMember(3, 'Lost', { channel: 77 }),
    fakeMember(4, 'Nowhere', { channel: null }),
  ];
  const { branches, outside } = roomBranches(room, members);
  expect(branches[0]?.members.map((member) => member.nickname)).toEqual(['Ada', 'zoe']);
  expect(outside.map((member) => member.nickname)).toEqual(['Lost', 'Nowhere']);
  const placed = branches.reduce((sum, branch) => sum + branch.members.length, outside.length);
  expect(placed).toBe(members.length);
});

describe('search and filter', () => {
  const members = [
    fakeMember(1, 'Élodie'),
    fakeMember(2, 'Bot 2', { bot: true }),
    fakeMember(3, 'Loud', { mutedForAll: true }),
  ];
  const names = (search: string, filter: Parameters<typeof foundMembers>[2]): string[] =>
    foundMembers(members, search, filter).map((member) => member.nickname);

  test('case and accents do not matter', () => {
    expect(names(' ELODIE ', 'all')).toEqual(['Élodie']);
    expect(names('', 'all')).toHaveLength(3);
    expect(names('nobody', 'all')).toEqual([]);
  });

  test('an identity is found by its start', () => {
    expect(names(fakeMember(3, '').identity, 'all')).toEqual(['Loud']);
  });

  test('filters leave people, bots, or who is muted', () => {
    expect(names('', 'people')).toEqual(['Élodie', 'Loud']);
    expect(names('', 'bots')).toEqual(['Bot 2']);
    const listeners = fakeMember(9, 'Listeners', { listeners: true });
    expect(foundMembers([listeners], '', 'people')).toEqual([]);
    expect(foundMembers([listeners], '', 'all')).toEqual([listeners]);
    expect(names('', 'muted')).toEqual(['Loud']);
    expect(readFilter('bots')).toBe('bots');
    expect(readFilter('<b>')).toBe('all');
  });

  test('how many there are, in words', () => {
    expect(countText(members)).toBe('2 people and 1 bot');
    expect(countText([...members, fakeMember(9, 'Listeners', { listeners: true })])).toBe(
      '2 people and 1 bot',
    );
    expect(countText([])).toBe('0 people');
    expect(countText([fakeMember(1, 'A')])).toBe('1 person');
  });
});
