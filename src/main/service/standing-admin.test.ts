import { describe, expect, it } from 'vitest';
import type { AdminMemberInfo, AdminNews, AdminView, RelayAdmin } from '../../core/relay/admin-port.ts';
import { StandingAdmin } from './standing-admin.ts';

function member(token: number): AdminMemberInfo {
  return { token, nickname: `Member ${token}` } as AdminMemberInfo;
}

/** A relay with these members. */
function relayWith(...tokens: number[]) {
  const watchers = new Set<(news: AdminNews) => void>();
  const view: AdminView = {
    roomName: 'Room',
    maxMembers: 9,
    channels: [],
    roles: [],
    members: tokens.map(member),
  };
  const admin: RelayAdmin = {
    command: async () => ({ ok: true, channel: null }),
    view: async () => view,
    bans: async () => [],
    audit: async () => [],
    writeAudit: async () => undefined,
    figures: async () => ({ atMs: 1, voiceSocket: 'dgram', counters: {}, cpuMs: 0, heapBytes: 0 }),
    watch: (onNews) => {
      watchers.add(onNews);
      return () => watchers.delete(onNews);
    },
  };
  const tell = (news: AdminNews): void => {
    for (const watcher of watchers) watcher(news);
  };
  return { admin, tell, watchers };
}

describe('StandingAdmin', () => {
  it('answers for the relay that is open, and rejects while there is none', async () => {
    const standing = new StandingAdmin();
    await expect(standing.figures()).rejects.toThrow('not open');
    standing.attach(relayWith().admin);
    expect((await standing.figures()).atMs).toBe(1);
    standing.attach(null);
    await expect(standing.view()).rejects.toThrow('not open');
  });

  it('tells watchers how the next room differs from the one they knew', async () => {
    const standing = new StandingAdmin();
    const first = relayWith(1, 2);
    standing.attach(first.admin);
    await standing.view();
    const heard: AdminNews[] = [];
    const stop = standing.watch((news) => heard.push(news));
    first.tell({ type: 'member', member: member(3) });
    expect(heard).toEqual([{ type: 'member', member: member(3) }]);
    standing.attach(null);
    expect(first.watchers.size).toBe(0);
    const second = relayWith(2);
    standing.attach(second.admin);
    await expect.poll(() => heard.length).toBe(6);
    expect(heard.slice(1)).toEqual([
      { type: 'config', roomName: 'Room', maxMembers: 9 },
      { type: 'roles', roles: [] },
      { type: 'member', member: member(2) },
      { type: 'memberLeft', token: 1 },
      { type: 'memberLeft', token: 3 },
    ]);
    stop();
    second.tell({ type: 'audit' });
    expect(heard).toHaveLength(6);
  });
});
