import { assert } from '../base/assert.ts';
import { type ChannelInfo, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import type { MemberInfo, VoicePath } from '../wire/control.ts';
import { LISTENERS_NICKNAME } from '../wire/fields.ts';
import type { WhisperPublicKey } from '../wire/key-delivery.ts';
import type { Role } from '../wire/roles.ts';
import { type KeptKind, KeptPlaces, type MemberKind } from './kept-places.ts';
import { AddressList } from './recipients.ts';
import { RegisteredLists } from './registered-lists.ts';
import type { LaneId } from './relay-out.ts';
import type { RoomConfig, StoredChannel } from './relay-store.ts';
import { TokenBucket } from './token-bucket.ts';

/**
 * Datagrams one member may send per second in the long run. The shortest frame a channel can ask for is 10 ms
 * (100 a second), probes add 5 while the path is being found; the rest is slack for clocks that run fast.
 */
export const MAX_DATAGRAMS_PER_SECOND = 150;

/** Datagrams at once: a radio link that stalls for two seconds and then delivers everything loses nothing. */
export const MAX_DATAGRAM_BURST = 300;

/**
 * Probes per second from an address that is not the member's bound one. They have a bucket of their own, so that a
 * stranger who knows a token (it is public in the channel) can use up neither the speaker's allowance nor more than
 * this many MAC computations.
 */
export const MAX_STRANGER_PROBES_PER_SECOND = 20;

/** Draws of a token before the source of chance counts as broken: with 200 members of 2^31, two are unheard of. */
const MAX_TOKEN_DRAWS = 64;

/** Index of a member who is sent nothing by UDP; a fan-out that skips it skips nobody. */
export const NO_RECIPIENT = -1;

/** Tokens have the top bit clear: a whisper target with it set names a list. */
const TOKEN_MASK = 0x7fff_ffff;

/** One member of the room, whether the lane stands or the place is only held. */
export interface Member {
  readonly token: number;
  /** base64url of the Ed25519 public key. */
  readonly identity: string;
  readonly nickname: string;
  /** `nickname` as names are compared. */
  readonly nicknameKey: string;
  readonly kind: MemberKind;
  /** Null while the place is held. */
  lane: LaneId | null;
  /** New with every welcome. */
  pathKey: Uint8Array;
  whisperKey: WhisperPublicKey;
  channel: Channel | null;
  roleId: number;
  /** Rank of the role, kept at hand for the voice path. */
  rank: number;
  muted: boolean;
  deafened: boolean;
  mutedForAll: boolean;
  /** Where a verified probe came from, packed (see packed-address.ts); null until the first since the last welcome. */
  address: Uint8Array | null;
  /** Where the address stands among the channel's `udpRecipients`; NO_RECIPIENT: it does not. */
  recipientIndex: number;
  /** What the member's voice takes, as its client said last. */
  path: VoicePath;
  /** Clock of the newest accepted probe, null until the first since the last welcome. */
  lastProbeClock: number | null;
  readonly whisperLists: RegisteredLists;
  readonly datagrams: TokenBucket;
  readonly strangerProbes: TokenBucket;
}

/** A channel, and who is sent what is said in it. */
export interface Channel {
  info: ChannelInfo;
  passwordHash: string | null;
  /** Ranks of the roles in the config. */
  enterRank: number;
  speakRank: number;
  whisperRank: number;
  manageRank: number;
  readonly members: Set<Member>;
  /** Addresses of those who want to hear and are reached by UDP, in no order. Rebuilt on changes, read per datagram. */
  readonly udpRecipients: AddressList;
  /** Those who want to hear and are reached over their lane. Rebuilt like `udpRecipients`. */
  readonly laneRecipients: Member[];
}

/** What somebody brings who enters the room, or comes back into it after the relay was restarted. */
export interface Newcomer {
  readonly identity: string;
  readonly nickname: string;
  readonly nicknameKey: string;
  /** Without it, a person. */
  readonly kind?: MemberKind;
  /** Null: the place is held. */
  readonly lane: LaneId | null;
  readonly pathKey: Uint8Array;
  readonly whisperKey: WhisperPublicKey;
  readonly role: Role;
}

/**
 * Nicknames that look the same compare equal: composed (NFC), without characters that show nothing, in lower case.
 * Empty when nothing of the name shows.
 */
export function nicknameKey(nickname: string): string {
  return nickname
    .normalize('NFC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .trim()
    .toLowerCase()
    .normalize('NFC');
}

/** LISTENERS_NICKNAME as names are compared: several may have it at once, and no person. */
export const LISTENERS_NICKNAME_KEY = nicknameKey(LISTENERS_NICKNAME);

/** Members and channels of one relay. Knows nothing of lanes' messages or of datagrams' contents. */
export class Room {
  readonly channels: ReadonlyMap<number, Channel>;
  /** Where members land: cannot be removed. */
  readonly landing: Channel;
  readonly #channels = new Map<number, Channel>();
  #name = '';
  #maxMembers: number;
  readonly #kept = new KeptPlaces();
  readonly #randomU32: () => number;
  readonly #rankOf: (roleId: number) => number;
  readonly #byToken = new Map<number, Member>();
  readonly #byIdentity = new Map<string, Member>();
  readonly #byNickname = new Map<string, Member>();

  /** @param rankOf rank that a channel asks for when its config names that role */
  constructor(
    channels: readonly StoredChannel[],
    maxMembers: number,
    randomU32: () => number,
    rankOf: (roleId: number) => number,
  ) {
    this.#maxMembers = maxMembers;
    this.#randomU32 = randomU32;
    this.#rankOf = rankOf;
    for (const stored of channels) this.addChannel(stored);
    const [landing] = this.#channels.values();
    assert(landing !== undefined, 'a room has a channel');
    this.landing = landing;
    this.channels = this.#channels;
  }

  get size(): number {
    return this.#byToken.size;
  }

  get name(): string {
    return this.#name;
  }

  get maxMembers(): number {
    return this.#maxMembers;
  }

  /** No place for another person; bots and gateways have their own. */
  get full(): boolean {
    const limit = Math.min(this.#maxMembers, MAX_ROOM_MEMBERS - this.#kept.places);
    return this.#byToken.size - this.#kept.present >= limit;
  }

  /** Places of MAX_ROOM_MEMBERS that nobody has and that are kept for nobody. */
  get free(): number {
    return MAX_ROOM_MEMBERS - this.#byToken.size - this.#kept.waiting;
  }

  /** Whoever is above a lower limit stays. */
  configure({ name, maxMembers }: RoomConfig): void {
    this.#name = name;
    this.#maxMembers = maxMembers;
  }

  /** Keeps places within MAX_ROOM_MEMBERS for those who are no people. */
  reserve(kind: KeptKind, places: number): void {
    this.#kept.reserve(kind, places);
  }

  members(): IterableIterator<Member> {
    return this.#byToken.values();
  }

  find(token: number): Member | undefined {
    return this.#byToken.get(token);
  }

  findIdentity(identity: string): Member | undefined {
    return this.#byIdentity.get(identity);
  }

  /** Who has that nickname; those that stand for gateways are not looked for. */
  findNickname(key: string): Member | undefined {
    return this.#byNickname.get(key);
  }

  /** A token nobody has. */
  drawToken(): number {
    for (let draw = 0; draw < MAX_TOKEN_DRAWS; draw += 1) {
      const token = this.#randomU32() & TOKEN_MASK;
      if (token !== 0 && !this.#byToken.has(token)) return token;
    }
    throw new Error('broken invariant: the source of tokens repeats itself');
  }

  /**
   * Admits somebody into no channel yet. The caller has checked that room, identity, name and token are free; the name
   * of those that stand for gateways need not be.
   */
  admit(token: number, newcomer: Newcomer, nowMs: number): Member {
    const { kind = 'person' } = newcomer;
    // Not `full`: whoever signs in anew keeps the own place, also above a limit that was lowered since.
    assert(this.#byToken.size < MAX_ROOM_MEMBERS && !this.#byToken.has(token), 'admission was checked');
    assert(!this.#byIdentity.has(newcomer.identity), 'an identity is in the room once');
    assert(!this.#byNickname.has(newcomer.nicknameKey), 'a nickname is in the room once');
    const { role, ...brought } = newcomer;
    const member: Member = {
      token,
      ...brought,
      kind,
      channel: null,
      roleId: role.id,
      rank: role.rank,
      muted: false,
      deafened: false,
      mutedForAll: false,
      address: null,
      recipientIndex: NO_RECIPIENT,
      path: 'udp',
      lastProbeClock: null,
      whisperLists: new RegisteredLists(),
      datagrams: new TokenBucket(MAX_DATAGRAMS_PER_SECOND, MAX_DATAGRAM_BURST, nowMs),
      strangerProbes: new TokenBucket(MAX_STRANGER_PROBES_PER_SECOND, MAX_STRANGER_PROBES_PER_SECOND, nowMs),
    };
    this.#kept.handleEntered(kind);
    this.#byToken.set(token, member);
    this.#byIdentity.set(member.identity, member);
    if (kind !== 'listeners') this.#byNickname.set(member.nicknameKey, member);
    return member;
  }

  remove(member: Member): void {
    if (this.#byToken.delete(member.token)) this.#kept.handleLeft(member.kind);
    this.#byIdentity.delete(member.identity);
    this.#byNickname.delete(member.nicknameKey);
    this.move(member, null);
  }

  /** Moves a member to another channel, or to none. */
  move(member: Member, channel: Channel | null): void {
    const previous = member.channel;
    if (previous !== null) {
      previous.members.delete(member);
      member.recipientIndex = NO_RECIPIENT;
      rebuildRecipients(previous);
    }
    member.channel = channel;
    if (channel !== null) {
      channel.members.add(member);
      rebuildRecipients(channel);
    }
  }

  setState(member: Member, muted: boolean, deafened: boolean): void {
    member.muted = muted;
    member.deafened = deafened;
    rebuildAround(member);
  }

  setPath(member: Member, path: VoicePath): void {
    member.path = path;
    rebuildAround(member);
  }

  setRole(member: Member, role: Role): void {
    member.roleId = role.id;
    member.rank = role.rank;
  }

  /** The lane broke. A bound address stays: voice over UDP goes on while the client comes back. */
  hold(member: Member): void {
    member.lane = null;
    rebuildAround(member);
  }

  /** The member is back on another lane: with a new path key the path has to be found anew, from UDP on. */
  reconnect(member: Member, lane: LaneId, pathKey: Uint8Array, whisperKey: WhisperPublicKey): void {
    member.lane = lane;
    member.pathKey = pathKey;
    member.whisperKey = whisperKey;
    member.address = null;
    member.path = 'udp';
    member.lastProbeClock = null;
    rebuildAround(member);
  }

  /** Remembers where the member's datagrams come from and go to. */
  bind(member: Member, source: Uint8Array): void {
    if (member.address === null) {
      // A copy: the adapter reuses its record.
      member.address = source.slice();
      rebuildAround(member);
      return;
    }
    member.address.set(source);
    if (member.recipientIndex !== NO_RECIPIENT) {
      member.channel?.udpRecipients.put(member.recipientIndex, source);
    }
  }

  addChannel(stored: StoredChannel): Channel {
    assert(!this.#channels.has(stored.info.id), 'channel ids are unique');
    const channel: Channel = {
      ...this.#ranked(stored),
      members: new Set(),
      udpRecipients: new AddressList(),
      laneRecipients: [],
    };
    this.#channels.set(stored.info.id, channel);
    return channel;
  }

  changeChannel(channel: Channel, stored: StoredChannel): void {
    Object.assign(channel, this.#ranked(stored));
  }

  removeChannel(channel: Channel): void {
    assert(channel.members.size === 0 && channel !== this.landing, 'removal was checked');
    this.#channels.delete(channel.info.id);
  }

  /** Reads the ranks of all channels again: a role has changed. */
  rankChannels(): void {
    for (const channel of this.#channels.values()) Object.assign(channel, this.#ranked(channel));
  }

  hasChildren(channel: Channel): boolean {
    for (const other of this.#channels.values()) if (other.info.parent === channel.info.id) return true;
    return false;
  }

  /** How deep a channel lies, the top level being 1. A parent that does not exist counts as none. */
  depthOf(channel: Channel): number {
    let depth = 1;
    let parent = this.#parentOf(channel);
    // Bounded, so that a circle in a damaged database is no endless loop.
    while (parent !== undefined && depth < this.#channels.size) {
      depth += 1;
      parent = this.#parentOf(parent);
    }
    return depth;
  }

  #parentOf(channel: Channel): Channel | undefined {
    return channel.info.parent === null ? undefined : this.#channels.get(channel.info.parent);
  }

  #ranked(
    stored: StoredChannel,
  ): Pick<Channel, 'info' | 'passwordHash' | 'enterRank' | 'speakRank' | 'whisperRank' | 'manageRank'> {
    const { info, passwordHash } = stored;
    return {
      info,
      passwordHash,
      enterRank: this.#rankOf(info.config.enterRole),
      speakRank: this.#rankOf(info.config.speakRole),
      whisperRank: this.#rankOf(info.config.whisperRole),
      manageRank: this.#rankOf(info.config.manageRole),
    };
  }
}

function rebuildAround(member: Member): void {
  if (member.channel !== null) rebuildRecipients(member.channel);
}

function rebuildRecipients(channel: Channel): void {
  const { udpRecipients, laneRecipients } = channel;
  udpRecipients.clear();
  laneRecipients.length = 0;
  for (const member of channel.members) {
    member.recipientIndex = NO_RECIPIENT;
    if (member.deafened) continue;
    if (member.path === 'lane') {
      if (member.lane !== null) laneRecipients.push(member);
    } else if (member.address !== null) {
      member.recipientIndex = udpRecipients.add(member.address);
    }
  }
}

/** A member as the others see it. */
export function memberInfo(member: Member): MemberInfo {
  return {
    token: member.token,
    identity: member.identity,
    nickname: member.nickname,
    channel: member.channel === null ? null : member.channel.info.id,
    role: member.roleId,
    muted: member.muted,
    deafened: member.deafened,
    mutedForAll: member.mutedForAll,
    reconnecting: member.lane === null,
    whisperKey: member.whisperKey,
  };
}
