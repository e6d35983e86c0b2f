import { assert } from '../base/assert.ts';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { StaffedRoom } from '../sim/staffed-room.ts';
import type { ChannelConfig } from '../wire/channels.ts';
import type { RelayMessage } from '../wire/control.ts';
import { LISTENERS_NICKNAME } from '../wire/fields.ts';
import type { Mac } from '../wire/probe.ts';
import { ADMIN_ROLE_ID, MODERATOR_ROLE_ID } from '../wire/roles.ts';
import type { AdminActor, AdminCommand, AdminOutcome } from './admin-port.ts';

/** Accounts of the admin API: one of the highest rank, and one that is not. */
export const root: AdminActor = { account: 'root', role: ADMIN_ROLE_ID };
export const guard: AdminActor = { account: 'guard', role: MODERATOR_ROLE_ID };
export const OK: AdminOutcome = { ok: true, channel: null };

/** Identity of the gateways' member, by the name that a test gives it. */
export const GATEWAY = 'gateway';

/** The answer to a command that was refused. */
export function refusal(code: string, rule: unknown = null): object {
  return { ok: false, code, rule };
}

/** A room with its owner and its moderator in it, and nothing said yet. */
export function startRoom(mac: Mac, options: ConstructorParameters<typeof StaffedRoom>[1] = {}) {
  const room = new StaffedRoom(mac, options);
  const olga = room.admit('Olga', { address: '192.0.2.10' });
  const mona = room.admit('Mona', { address: '192.0.2.20' });
  room.hush();
  room.news.length = 0;
  return { room, olga, mona };
}

/** An admin changes how a channel is set. */
export function change(room: StaffedRoom, channel: number, config: Partial<ChannelConfig>): void {
  const found = room.engine.adminView().channels.find(({ id }) => id === channel);
  if (found === undefined) throw new Error('no such channel');
  const { name } = found;
  const command = {
    kind: 'changeChannel',
    channel,
    name,
    config: { ...found.config, ...config },
  } as const;
  assert(room.command(root, command)?.ok === true, 'an admin changes it');
}

export function admission(room: StaffedRoom, channel: number, seed = GATEWAY): AdminCommand {
  return { kind: 'admitListeners', identity: room.entrant(seed).identity, channel };
}

/** Opens a channel to listeners and lets the gateways' member in. */
export function open(room: StaffedRoom, channel: number, seed = GATEWAY): RecordedMember {
  change(room, channel, { listeners: true });
  assert(room.command(root, admission(room, channel, seed))?.ok === true, 'an admin lets it in');
  return room.admit(LISTENERS_NICKNAME, { seed });
}

/** Who stands for gateways, and where. */
export function standing(room: StaffedRoom): object[] {
  return room.engine
    .adminView()
    .members.filter(({ listeners }) => listeners)
    .map(({ nickname, channel }) => ({ nickname, channel }));
}

/** What a lane was refused with. */
export function refusalOn(room: StaffedRoom, lane: number): RelayMessage | undefined {
  return room.take(lane).find((message) => message.type === 'refused');
}
