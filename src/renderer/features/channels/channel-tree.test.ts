import { describe, expect, test } from 'vitest';
import { someChannel, someMember } from '../../dev/some-member.ts';
import { type ChannelNode, channelChoices, memberCountText, removeRule, roomTree } from './channel-tree.ts';

const channel = (id: number, parent: number | null = null) => someChannel({ id, parent, name: `c${id}` });
const member = (token: number, inChannel: number | null) =>
  someMember({ token, nickname: `m${token}`, channel: inChannel });

/** The tree in a line: name, members in braces, children in brackets. */
function drawn(nodes: readonly ChannelNode[]): string {
  return nodes
    .map((node) => {
      const people = node.members.map((one) => one.nickname).join(' ');
      return `${node.channel.name}{${people}}[${drawn(node.children)}]`;
    })
    .join(' ');
}

describe('roomTree', () => {
  test('channels under their parents, members under their channel, in order', () => {
    const { roots, outside } = roomTree(
      [channel(1), channel(5), channel(4, 5), channel(2, 1)],
      [member(12, 4), member(2, 4), member(3, 1), member(7, null)],
    );
    expect(drawn(roots)).toBe('c1{m3}[c2{}[]] c5{}[c4{m2 m12}[]]');
    expect(outside.map((one) => one.token)).toEqual([7]);
  });

  test('nobody and nothing is lost, whatever the parents say', () => {
    const { roots, outside } = roomTree(
      [channel(1, 1), channel(2, 99), channel(3, 4), channel(4, 3)],
      [member(1, 1), member(2, 42)],
    );
    expect(drawn(roots)).toBe('c1{m1}[] c2{}[] c3{}[c4{}[]]');
    expect(outside.map((one) => one.token)).toEqual([2]);
  });
});

test('a limit is told where there is one', () => {
  expect([memberCountText(3, 200), memberCountText(3, 10)]).toEqual(['3', '3 of 10']);
});

test('choices show the depth in a way that lists keep', () => {
  expect(channelChoices([{ id: 4, name: 'Side', depth: 2 }])).toEqual([
    { value: '4', label: '\u00a0\u00a0\u00a0\u00a0Side' },
  ]);
});

test('only an empty channel that nobody lands in can be removed, by whoever may', () => {
  const one = channel(2);
  expect(removeRule(one, [channel(1)], [member(1, 1)])).toBe('');
  expect(removeRule(one, [], [member(1, 2)])).toBe('Somebody is in it.');
  expect(removeRule(one, [], [{ ...member(1, 2), listeners: true }])).toBe('');
  expect(removeRule(one, [channel(3, 2)], [])).toBe('Other channels lie in it.');
  expect(removeRule({ ...one, landing: true }, [], [])).toContain('lands here');
  expect(removeRule({ ...one, rules: { ...one.rules, manage: 'No.' } }, [], [member(1, 2)])).toBe('No.');
});
