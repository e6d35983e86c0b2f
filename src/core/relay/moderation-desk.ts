import { judgePermission, judgeRank, type RankedAct } from '../permissions/judge.ts';
import type { Request } from '../wire/control.ts';
import type { Permission } from '../wire/roles.ts';
import type { Actor } from './actor.ts';
import { type Answer, DONE, forbidden, refused } from './answer.ts';
import { auditEntry } from './audit.ts';
import { judgePlaceInChannel } from './channel-space.ts';
import type { ControlParts } from './control-parts.ts';
import type { RelayOut } from './relay-out.ts';
import { type Session, storedSession } from './session.ts';

type Of<Kind extends Request['kind']> = Extract<Request, { kind: Kind }>;

/** What is done to one other member: moving, muting for all, throwing out. */
export class ModerationDesk {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  /** Into a channel that the one who is moved may not be allowed to enter: that is what moving is for. */
  move(by: Actor, request: Of<'move'>, nowMs: number, out: RelayOut): Answer {
    const target = this.#judge(by, request.member, 'move', 'move');
    if (!isSession(target)) return target;
    const channel = this.#parts.room.channels.get(request.channel);
    if (channel === undefined) return refused('unknownChannel');
    if (target.member.channel === channel) return DONE;
    // Bots and people stay apart, and gateways stay where they were let in.
    if (target.member.kind !== 'person' || channel === this.#parts.bots.channel) return refused('notAllowed');
    const space = judgePlaceInChannel(channel, this.#parts.listeners);
    if (!space.ok) return forbidden(space.rule);
    const stored = storedSession(target, { channel: channel.info.id });
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'move', target.member.identity);
    const saved = this.#parts.ledger.act(entry, out, (store) => store.saveSession(stored));
    if (!saved) return refused('storageFailed');
    this.#parts.presence.move(target.member, channel, nowMs, out);
    return DONE;
  }

  muteForAll(by: Actor, request: Of<'muteForAll'>, nowMs: number, out: RelayOut): Answer {
    const { muted } = request;
    const target = this.#judge(by, request.member, 'mute', 'mute');
    if (!isSession(target)) return target;
    if (target.member.mutedForAll === muted) return DONE;
    const stored = storedSession(target, { mutedForAll: muted });
    const action = muted ? 'muteForAll' : 'unmuteForAll';
    const { member } = target;
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, action, member.identity);
    const saved = this.#parts.ledger.act(entry, out, (store) => {
      if (member.kind === 'person') store.saveSession(stored);
    });
    if (!saved) return refused('storageFailed');
    member.mutedForAll = muted;
    if (member.kind !== 'bot') this.#parts.mutes.set(member.identity, muted);
    this.#parts.presence.tellChanged(member, out);
    return DONE;
  }

  kick(by: Actor, request: Of<'kick'>, nowMs: number, out: RelayOut): Answer {
    const target = this.#judge(by, request.member, 'kick', 'kick');
    if (!isSession(target)) return target;
    // It would be back in a second; what keeps it out is the channel's switch.
    if (target.member.kind === 'listeners') return refused('notAllowed');
    const { identity, token } = target.member;
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'kick', identity, request.reason);
    const saved = this.#parts.ledger.act(entry, out, (store) => store.removeSession(token));
    if (!saved) return refused('storageFailed');
    const parting = { code: 'kicked', rule: null, why: 'lanesClosedKicked' } as const;
    this.#parts.sessions.forget(target, nowMs, out, parting);
    return DONE;
  }

  #judge(by: Actor, token: number, permission: Permission, act: RankedAct): Answer | Session {
    const { roles, sessions } = this.#parts;
    const role = by.role();
    const allowed = judgePermission(permission, role);
    if (!allowed.ok) return forbidden(allowed.rule);
    const target = sessions.find(token);
    if (target === undefined) return refused('unknownMember');
    const { identity, nickname, rank } = target.member;
    const verdict = judgeRank(act, role, { name: nickname, rank, owner: roles.isOwner(identity) });
    return verdict.ok ? target : forbidden(verdict.rule);
  }
}

function isSession(found: Answer | Session): found is Session {
  return 'member' in found;
}
