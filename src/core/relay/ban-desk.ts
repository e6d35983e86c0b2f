import { judgePermission, judgeRank } from '../permissions/judge.ts';
import { type Ban, type BanSubject, MAX_BANS, MAX_BANS_PAGE, type Request } from '../wire/control.ts';
import type { Role } from '../wire/roles.ts';
import type { Actor } from './actor.ts';
import { type Answer, DONE, forbidden, refused } from './answer.ts';
import { auditEntry } from './audit.ts';
import { banRule } from './ban-book.ts';
import type { ControlParts } from './control-parts.ts';
import type { Lane } from './lanes.ts';
import type { RelayOut } from './relay-out.ts';
import type { Member } from './room.ts';

type BanRequest = Extract<Request, { kind: 'ban' }>;
/** A subject as it is kept. */
type KeptSubject = Exclude<BanSubject, { kind: 'addressOf' }>;

/** An IPv6 customer is given at least this much (RFC 6177): a single address is changed in a second. */
const IPV6_BAN_BITS = 64;

/** How soon after its end a ban is taken out at the earliest, in ms: it hits nobody any more, so there is no hurry. */
const ENDED_BAN_DELAY_MS = 10_000;

/** Longest time between two looks, in ms: timers of some platforms reach no further than 24 days. */
const LONGEST_LOOK_MS = 3_600_000;

/** Laying bans, lifting them, listing them, and letting them end. */
export class BanDesk {
  readonly #parts: ControlParts;
  #lookMs: number | null = null;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#planLook(parts.options.startMs);
  }

  ban(by: Actor, request: BanRequest, nowMs: number, out: RelayOut): Answer {
    const { bans, ledger } = this.#parts;
    const role = by.role();
    const allowed = judgePermission('ban', role);
    if (!allowed.ok) return forbidden(allowed.rule);
    const subject = this.#resolve(request.subject);
    if (subject.kind !== 'identity' && subject.kind !== 'range') return subject;
    const refusal = this.#judgeSubject(by, role, request.subject, subject);
    if (refusal !== null) return refusal;
    const wallMs = this.#parts.wallMs(nowMs);
    this.#dropEnded(wallMs);
    if (bans.size >= MAX_BANS) return refused('tooManyBans');
    const identity = subject.kind === 'identity' ? subject.identity : null;
    const nickname = identity === null ? '' : (this.#parts.room.findIdentity(identity)?.nickname ?? '');
    const ban: Ban = {
      id: bans.nextId,
      subject,
      nickname,
      reason: request.reason,
      by: by.nickname,
      createdMs: wallMs,
      untilMs: request.seconds === null ? null : wallMs + request.seconds * 1_000,
    };
    const hit = Array.from(this.#parts.sessions.all()).filter((session) =>
      bans.hits(ban, session.member.identity, session.address),
    );
    // A range stands in the log by the ban's number: addresses have no place there.
    const entry = auditEntry(wallMs, by.identity, 'ban', identity ?? ban.id, ban.reason);
    const saved = ledger.act(entry, out, (store) => {
      store.saveBan(ban);
      for (const session of hit) store.removeSession(session.member.token);
    });
    if (!saved) return refused('storageFailed');
    bans.put(ban);
    this.#planLook(nowMs);
    const parting = { code: 'banned', rule: banRule(ban), why: 'lanesClosedBanned' } as const;
    for (const session of hit) this.#parts.sessions.forget(session, nowMs, out, parting);
    for (const lane of this.#parts.lanes.all()) {
      // Whoever has not said who they are is judged when they do, and who waits for a password when it is right.
      if (lane.greeting === null || !this.#hitsGreeting(ban, lane, lane.greeting.identity)) continue;
      this.#parts.lanes.refuse(lane, 'banned', banRule(ban), out);
      this.#parts.sessions.closeLane(lane, 'lanesClosedBanned', out);
    }
    return DONE;
  }

  unban(by: Actor, id: number, nowMs: number, out: RelayOut): Answer {
    const { bans, ledger } = this.#parts;
    const allowed = judgePermission('ban', by.role());
    if (!allowed.ok) return forbidden(allowed.rule);
    const ban = bans.find(id);
    if (ban === undefined) return refused('unknownBan');
    const subject = ban.subject.kind === 'identity' ? ban.subject.identity : id;
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'unban', subject);
    const saved = ledger.act(entry, out, (store) => store.removeBan(id));
    if (!saved) return refused('storageFailed');
    bans.remove(id);
    return DONE;
  }

  /** Newest first, a page a message; the last one may be empty. */
  list(by: Member, nowMs: number, out: RelayOut): Answer {
    const { bans, roles } = this.#parts;
    const allowed = judgePermission('ban', roles.roleOf(by.identity));
    if (!allowed.ok) return forbidden(allowed.rule);
    const all = bans.newestFirst(this.#parts.wallMs(nowMs));
    let at = 0;
    do {
      if (by.lane !== null)
        out.sendControl(by.lane, { type: 'bans', bans: all.slice(at, at + MAX_BANS_PAGE) });
      at += MAX_BANS_PAGE;
    } while (at < all.length);
    return DONE;
  }

  /** Takes out the bans that have ended. Those that the store will not give up stay, and hit nobody. */
  handleDeadline(nowMs: number): void {
    if (this.#lookMs === null || nowMs < this.#lookMs) return;
    this.#dropEnded(this.#parts.wallMs(nowMs));
    this.#planLook(nowMs);
  }

  nextDeadlineMs(): number | null {
    return this.#lookMs;
  }

  /** Bots and gateways come from wherever the relay itself is. */
  #hitsGreeting(ban: Ban, lane: Lane, identity: string): boolean {
    const { bans, kindOf } = this.#parts;
    return bans.hits(ban, identity, kindOf(identity) === 'person' ? lane.address : null);
  }

  #planLook(nowMs: number): void {
    const endMs = this.#parts.bans.nextEndMs;
    const inMs = endMs === null ? null : endMs - this.#parts.wallMs(nowMs);
    this.#lookMs =
      inMs === null ? null : nowMs + Math.min(LONGEST_LOOK_MS, Math.max(ENDED_BAN_DELAY_MS, inMs));
  }

  #dropEnded(wallMs: number): void {
    const { bans, counters, ledger } = this.#parts;
    const ended = bans.ended(wallMs);
    if (ended.length === 0) return;
    const saved = ledger.write((store) => {
      for (const ban of ended) store.removeBan(ban.id);
    });
    if (!saved) return;
    for (const ban of ended) bans.remove(ban.id);
    counters.bansEnded += ended.length;
  }

  /** The subject as it is kept: the address of a member becomes a range. */
  #resolve(subject: BanSubject): KeptSubject | Answer {
    switch (subject.kind) {
      case 'identity':
        return subject;
      case 'range':
        return this.#parts.options.isRange(subject.range) ? subject : refused('badRange');
      case 'addressOf': {
        const session = this.#parts.sessions.find(subject.member);
        if (session?.member.kind === 'listeners') return refused('notAllowed');
        // A member who has not been back since the relay was restarted has no address yet.
        if (session === undefined || session.address === null) return refused('unknownMember');
        const { address } = session;
        const range = address.includes(':') ? `${address}/${IPV6_BAN_BITS}` : `${address}/32`;
        return { kind: 'range', range };
      }
    }
  }

  /** Nobody is banned by somebody of no higher rank, be it by name or because the range holds that address too. */
  #judgeSubject(by: Actor, role: Role, asked: BanSubject, kept: KeptSubject): Answer | null {
    const { listeners, options, roles, sessions } = this.#parts;
    if (kept.kind === 'identity') {
      const { identity } = kept;
      // What keeps gateways out is the channel's switch.
      if (listeners.channelOf(identity) !== null) return refused('notAllowed');
      const name = this.#parts.room.findIdentity(identity)?.nickname ?? roles.roleOf(identity).name;
      return this.#judge(role, name, identity);
    }
    for (const { member, address } of sessions.all()) {
      const meant = asked.kind === 'addressOf' && asked.member === member.token;
      if (!meant && (address === null || !options.addressInRange(address, kept.range))) continue;
      // Whoever bans a range with the own address in it has mistyped: even an admin would be out.
      const refusal =
        member === by.member
          ? forbidden({ kind: 'rank', target: by.nickname, own: role.name })
          : this.#judge(role, member.nickname, member.identity);
      if (refusal !== null) return refusal;
    }
    return null;
  }

  #judge(role: Role, name: string, identity: string): Answer | null {
    const { roles } = this.#parts;
    const target = { name, rank: roles.roleOf(identity).rank, owner: roles.isOwner(identity) };
    const verdict = judgeRank('ban', role, target);
    return verdict.ok ? null : forbidden(verdict.rule);
  }
}
