import type { MemberNews, RelayMessage } from '../wire/control.ts';
import type { AdminMemberInfo, AdminNews } from './admin-port.ts';
import type { HearingDesk } from './hearing-desk.ts';
import type { MemberKind } from './kept-places.ts';
import type { KeyDelivery } from './key-delivery.ts';
import type { NewsFeed } from './news-feed.ts';
import type { RelayOut } from './relay-out.ts';
import { type Channel, type Member, memberInfo, type Room } from './room.ts';

/**
 * Who is where, told to everybody whom it concerns: the members, the observers of the admin API, then loss reports and
 * the exchange of keys. Members are told first, so that nobody gets a commit about somebody unheard of.
 */
export class Presence {
  readonly #room: Room;
  readonly #keys: KeyDelivery;
  readonly #hearing: HearingDesk;
  readonly #feed: NewsFeed;

  constructor(room: Room, keys: KeyDelivery, hearing: HearingDesk, feed: NewsFeed) {
    this.#feed = feed;
    this.#room = room;
    this.#keys = keys;
    this.#hearing = hearing;
  }

  /** The same object to each lane, so that an adapter serialises it once. Held members miss it: their welcome says all. */
  broadcast(message: RelayMessage, out: RelayOut, except?: Member): void {
    if (this.#feed.gathering && isMemberNews(message)) {
      this.#feed.add(message, except?.lane ?? null);
    } else {
      for (const member of this.#room.members()) {
        if (member !== except && member.lane !== null) out.sendControl(member.lane, message);
      }
    }
    const news = this.#newsOf(message);
    if (news !== null) out.tellAdmin(news);
  }

  tellChanged(member: Member, out: RelayOut, except?: Member): void {
    this.broadcast({ type: 'memberChanged', member: memberInfo(member) }, out, except);
  }

  /** A new member, whose own welcome has gone out and whose channel is set. */
  enter(member: Member, nowMs: number, out: RelayOut): void {
    this.broadcast({ type: 'memberJoined', member: memberInfo(member) }, out, member);
    this.#keys.handleEntered(member, nowMs, out);
  }

  move(member: Member, channel: Channel | null, nowMs: number, out: RelayOut): void {
    const previous = member.channel;
    if (previous === channel) return;
    this.#room.move(member, channel);
    this.#hearing.handleLeft(member);
    this.tellChanged(member, out);
    if (previous !== null) this.#keys.handleLeft(member, previous.info.id, nowMs, out);
    if (channel !== null) this.#keys.handleEntered(member, nowMs, out);
  }

  hold(member: Member, nowMs: number, out: RelayOut): void {
    this.#room.hold(member);
    this.#hearing.handleLaneGone(member);
    this.tellChanged(member, out);
    this.#keys.handleLaneLost(member, nowMs, out);
  }

  /** The member's lane, keys and welcome are renewed already. */
  comeBack(member: Member, nowMs: number, out: RelayOut): void {
    this.#hearing.handleLaneGone(member);
    this.tellChanged(member, out, member);
    this.#keys.handleReconnected(member, nowMs, out);
  }

  leave(member: Member, nowMs: number, out: RelayOut): void {
    const previous = member.channel;
    member.lane = null;
    this.#room.remove(member);
    this.#hearing.handleLaneGone(member);
    this.broadcast({ type: 'memberLeft', token: member.token }, out);
    if (previous !== null) this.#keys.handleLeft(member, previous.info.id, nowMs, out);
  }

  #newsOf(message: RelayMessage): AdminNews | null {
    switch (message.type) {
      case 'memberJoined':
      case 'memberChanged': {
        const kind = this.#room.find(message.member.token)?.kind ?? 'person';
        return { type: 'member', member: { ...message.member, ...shownKind(kind) } };
      }
      case 'memberLeft':
        return { type: 'memberLeft', token: message.token };
      case 'channelChanged':
        return { type: 'channel', channel: message.channel };
      case 'channelRemoved':
        return { type: 'channelRemoved', channel: message.channel };
      case 'roles':
        return { type: 'roles', roles: message.roles };
      default:
        return null;
    }
  }
}

/** A member as the admin API shows it. */
export function adminMemberInfo(member: Member): AdminMemberInfo {
  return { ...memberInfo(member), ...shownKind(member.kind) };
}

function shownKind(kind: MemberKind): Pick<AdminMemberInfo, 'bot' | 'listeners'> {
  return { bot: kind === 'bot', listeners: kind === 'listeners' };
}

function isMemberNews(message: RelayMessage): message is MemberNews {
  return message.type === 'memberJoined' || message.type === 'memberChanged' || message.type === 'memberLeft';
}
