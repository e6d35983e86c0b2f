import { assertNever } from '../base/assert.ts';
import { judgeHighestRank } from '../permissions/judge.ts';
import { MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import type { Ban } from '../wire/control.ts';
import { type Actor, accountActor } from './actor.ts';
import { parseAdminActor, parseAdminCommand } from './admin-command.ts';
import type { AdminActor, AdminCommand, AdminOutcome, AdminView } from './admin-port.ts';
import { type Answer, DONE, forbidden, refused } from './answer.ts';
import { auditEntry } from './audit.ts';
import type { BanDesk } from './ban-desk.ts';
import type { BotDesk } from './bot-desk.ts';
import type { ChannelDesk } from './channel-desk.ts';
import type { ControlParts } from './control-parts.ts';
import type { ListenersDesk } from './listeners-desk.ts';
import type { ModerationDesk } from './moderation-desk.ts';
import type { Asker } from './password-desk.ts';
import { adminMemberInfo } from './presence.ts';
import type { CommandId, RelayOut } from './relay-out.ts';
import type { RoleDesk } from './role-desk.ts';

type ConfigureCommand = Extract<AdminCommand, { kind: 'configure' }>;

/** The desks that serve accounts as they serve members. */
export interface SharedDesks {
  readonly moderation: ModerationDesk;
  readonly bans: BanDesk;
  readonly channels: ChannelDesk;
  readonly roles: RoleDesk;
  readonly bots: BotDesk;
  readonly listeners: ListenersDesk;
}

/** What accounts of the admin API ask for. Every command is answered once. */
export class AdminDesk {
  readonly #parts: ControlParts;
  readonly #desks: SharedDesks;
  #underWay = 0;

  constructor(parts: ControlParts, desks: SharedDesks) {
    this.#parts = parts;
    this.#desks = desks;
  }

  /** Commands that wait for a password to be hashed. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Whatever `by` and `command` are, it does not throw: what is no command is refused, and counted. */
  handleCommand(id: CommandId, by: AdminActor, command: AdminCommand, nowMs: number, out: RelayOut): void {
    const { counters, roles } = this.#parts;
    counters.adminCommands += 1;
    const account = parseAdminActor(by);
    const parsed = parseAdminCommand(command);
    if (account === null || parsed === null) {
      counters.adminCommandsBad += 1;
      out.answerAdmin(id, { ok: false, code: 'badMessage', rule: null });
      return;
    }
    const actor = accountActor(account, roles);
    const asker: Asker = {
      lane: null,
      identity: actor.identity,
      answer: (answer, _laterMs, laterOut) => {
        this.#underWay -= 1;
        this.#settle(id, answer, laterOut);
      },
    };
    const answer = this.#handle(asker, actor, parsed, nowMs, out);
    if (answer.kind === 'later') this.#underWay += 1;
    else this.#settle(id, answer, out);
  }

  view(): AdminView {
    const { roles, room } = this.#parts;
    return {
      roomName: room.name,
      maxMembers: room.maxMembers,
      channels: Array.from(room.channels.values(), (channel) => channel.info),
      members: Array.from(room.members(), adminMemberInfo),
      roles: roles.list,
    };
  }

  /** Newest first. */
  bans(nowMs: number): Ban[] {
    return this.#parts.bans.newestFirst(this.#parts.wallMs(nowMs));
  }

  /** @returns false when the store refused */
  writeAudit(
    by: string,
    action: string,
    subject: string,
    reason: string,
    nowMs: number,
    out: RelayOut,
  ): boolean {
    const entry = auditEntry(this.#parts.wallMs(nowMs), by, action, subject, reason);
    return this.#parts.ledger.act(entry, out, () => undefined);
  }

  #handle(asker: Asker, actor: Actor, command: AdminCommand, nowMs: number, out: RelayOut): Answer {
    const { moderation, bans, channels, roles, bots, listeners } = this.#desks;
    switch (command.kind) {
      case 'move':
        return moderation.move(actor, command, nowMs, out);
      case 'muteForAll':
        return moderation.muteForAll(actor, command, nowMs, out);
      case 'kick':
        return moderation.kick(actor, command, nowMs, out);
      case 'ban':
        return bans.ban(actor, command, nowMs, out);
      case 'unban':
        return bans.unban(actor, command.ban, nowMs, out);
      case 'createChannel':
        return channels.create(asker, actor, command, nowMs, out);
      case 'changeChannel':
        return channels.change(asker, actor, command, nowMs, out);
      case 'removeChannel':
        return channels.remove(actor, command.channel, nowMs, out);
      case 'setListeners':
        return channels.setListeners(actor, command.channel, command.listeners, nowMs, out);
      case 'saveRole':
        return roles.save(actor, command, nowMs, out);
      case 'removeRole':
        return roles.remove(actor, command.role, nowMs, out);
      case 'assignRole':
        return roles.assign(actor, command, nowMs, out);
      case 'configure':
        return this.#configure(actor, command, nowMs, out);
      case 'admitBots':
        return bots.admit(actor, command, nowMs, out);
      case 'dismissBots':
        return bots.dismiss(actor, nowMs, out);
      case 'admitListeners':
        return listeners.admit(actor, command, nowMs, out);
      case 'dismissListeners':
        return listeners.dismiss(actor, command.identity, nowMs, out);
      default:
        return assertNever(command);
    }
  }

  /** Holds at once and from now on. Members learn of a new name with their next welcome; nobody has to leave. */
  #configure(by: Actor, { name, maxMembers }: ConfigureCommand, nowMs: number, out: RelayOut): Answer {
    const { ledger, roles, room } = this.#parts;
    const allowed = judgeHighestRank(room.name, by.role(), roles.list);
    if (!allowed.ok) return forbidden(allowed.rule);
    if (maxMembers > MAX_ROOM_MEMBERS) return refused('roomTooLarge');
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'configure', name);
    const config = { name, maxMembers };
    if (!ledger.act(entry, out, (store) => store.saveConfig(config))) return refused('storageFailed');
    room.configure(config);
    out.tellAdmin({ type: 'config', roomName: name, maxMembers });
    return DONE;
  }

  #settle(id: CommandId, answer: Answer, out: RelayOut): void {
    const { counters } = this.#parts;
    if (answer.kind === 'later') return;
    counters[answer.kind === 'done' ? 'adminCommandsDone' : 'adminCommandsRefused'] += 1;
    out.answerAdmin(id, outcomeOf(answer));
  }
}

function outcomeOf(answer: Exclude<Answer, { kind: 'later' }>): AdminOutcome {
  if (answer.kind === 'done') return { ok: true, channel: answer.channel };
  return { ok: false, code: answer.code, rule: answer.rule };
}
