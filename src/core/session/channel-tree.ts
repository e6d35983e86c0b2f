import type { ChannelInfo } from '../wire/channels.ts';

/** A channel and how deep it lies, 0 being the top level. */
export interface ChannelNode {
  readonly channel: ChannelInfo;
  readonly depth: number;
}

/**
 * Channels in the order a person reads them: each behind its parent, siblings by name. A channel whose parent is
 * unknown, or that lies within itself, stands at the top level: it is shown, whatever a relay says.
 */
export function channelTree(channels: readonly ChannelInfo[]): ChannelNode[] {
  const ordered = [...channels].sort(byName);
  const byId = new Map(ordered.map((channel) => [channel.id, channel]));
  const children = new Map<number | null, ChannelInfo[]>();
  for (const channel of ordered) {
    const parent = isRooted(channel, byId) ? channel.parent : null;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [channel]);
    else siblings.push(channel);
  }
  const nodes: ChannelNode[] = [];
  const walk = (parent: number | null, depth: number): void => {
    for (const channel of children.get(parent) ?? []) {
      nodes.push({ channel, depth });
      walk(channel.id, depth + 1);
    }
  };
  walk(null, 0);
  return nodes;
}

/** Its parents lead up to the top level. */
function isRooted(channel: ChannelInfo, byId: ReadonlyMap<number, ChannelInfo>): boolean {
  let above: ChannelInfo | undefined = channel;
  for (let steps = 0; steps <= byId.size; steps += 1) {
    if (above.parent === null) return true;
    above = byId.get(above.parent);
    if (above === undefined) return false;
  }
  return false;
}

/** No locale: the core has none, and everybody sees the same order. */
function byName(a: ChannelInfo, b: ChannelInfo): number {
  const left = a.name.toLowerCase();
  const right = b.name.toLowerCase();
  if (left !== right) return left < right ? -1 : 1;
  return a.id - b.id;
}
