import { type ChannelInfo, MAX_CHANNELS, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import type { MemberInfo } from '../wire/control.ts';
import type { Role } from '../wire/roles.ts';
import type { WelcomeMessage } from './session-out.ts';

/**
 * What a client knows of the room. Bounded by the limits of the protocol, whatever the relay says; each `apply…`
 * returns false, and changes nothing, when a message does not fit what is known.
 */
export class Roster {
  #ownToken: number | null = null;
  /** Nobody is missing in what we were told. */
  #complete = true;
  #roomName = '';
  #channels = new Map<number, ChannelInfo>();
  #members = new Map<number, MemberInfo>();
  #roles: readonly Role[] = [];
  /** Lists for the getters, made when somebody looks after a change. */
  #channelList: readonly ChannelInfo[] | null = null;
  #memberList: readonly MemberInfo[] | null = null;

  get ownToken(): number | null {
    return this.#ownToken;
  }

  get roomName(): string {
    return this.#roomName;
  }

  get channels(): readonly ChannelInfo[] {
    this.#channelList ??= [...this.#channels.values()];
    return this.#channelList;
  }

  get members(): readonly MemberInfo[] {
    this.#memberList ??= [...this.#members.values()];
    return this.#memberList;
  }

  get roles(): readonly Role[] {
    return this.#roles;
  }

  get ownChannel(): ChannelInfo | null {
    const id = this.own()?.channel;
    return id === undefined || id === null ? null : (this.#channels.get(id) ?? null);
  }

  own(): MemberInfo | undefined {
    return this.#ownToken === null ? undefined : this.#members.get(this.#ownToken);
  }

  hasChannel(id: number): boolean {
    return this.#channels.has(id);
  }

  hasMember(token: number): boolean {
    return this.#members.has(token);
  }

  /** False while pages of the member list are still to come. */
  get complete(): boolean {
    return this.#complete;
  }

  clear(): void {
    this.#ownToken = null;
    this.#complete = true;
    this.#roomName = '';
    this.#channels = new Map();
    this.#members = new Map();
    this.#roles = [];
    this.#forgetLists();
  }

  applyWelcome(welcome: WelcomeMessage): boolean {
    const members = new Map(welcome.members.map((member) => [member.token, member]));
    const channels = new Map(welcome.channels.map((channel) => [channel.id, channel]));
    const consistent =
      members.has(welcome.token) &&
      members.size === welcome.members.length &&
      channels.size === welcome.channels.length &&
      areDistinct(welcome.roles);
    if (!consistent) return false;
    this.#ownToken = welcome.token;
    this.#complete = welcome.membersComplete;
    this.#roomName = welcome.roomName;
    this.#channels = channels;
    this.#members = members;
    this.#roles = welcome.roles;
    this.#forgetLists();
    return true;
  }

  /** One page of the list; what it says is newer than what we know. */
  applyPage(members: readonly MemberInfo[], complete: boolean): boolean {
    if (this.#complete || !members.every((member) => this.#put(member))) return false;
    this.#complete = complete;
    this.#forgetLists();
    return true;
  }

  applyJoined(member: MemberInfo): boolean {
    // A page may have told of somebody before the news does.
    if (this.#complete && this.#members.has(member.token)) return false;
    if (!this.#put(member)) return false;
    this.#forgetLists();
    return true;
  }

  applyChanged(member: MemberInfo): boolean {
    if (this.#complete && !this.#members.has(member.token)) return false;
    if (!this.#put(member)) return false;
    this.#forgetLists();
    return true;
  }

  /** Somebody else left; that we left ourselves is told by the lane. */
  applyLeft(token: number): boolean {
    if (token === this.#ownToken) return false;
    if (!this.#members.delete(token)) return !this.#complete;
    this.#forgetLists();
    return true;
  }

  applyChannel(channel: ChannelInfo): boolean {
    if (!this.#channels.has(channel.id) && this.#channels.size >= MAX_CHANNELS) return false;
    this.#channels.set(channel.id, channel);
    this.#forgetLists();
    return true;
  }

  /** Members that a relay left in there are in no channel that is known. */
  applyChannelRemoved(id: number): boolean {
    if (!this.#channels.delete(id)) return false;
    this.#forgetLists();
    return true;
  }

  applyRoles(roles: readonly Role[]): boolean {
    if (!areDistinct(roles)) return false;
    this.#roles = roles;
    return true;
  }

  /** Nobody's identity changes within a session: keys and volumes hang on it. */
  #put(member: MemberInfo): boolean {
    const known = this.#members.get(member.token);
    if (known === undefined ? this.#members.size >= MAX_ROOM_MEMBERS : known.identity !== member.identity)
      return false;
    this.#members.set(member.token, member);
    return true;
  }

  #forgetLists(): void {
    this.#channelList = null;
    this.#memberList = null;
  }
}

function areDistinct(roles: readonly Role[]): boolean {
  return new Set(roles.map((role) => role.id)).size === roles.length;
}
