import { assert } from '../base/assert.ts';
import type { ChannelInfo } from '../wire/channels.ts';
import type { MemberInfo } from '../wire/control.ts';
import type { VoicePath } from '../wire/control.ts';
import type { WhisperPublicKey } from '../wire/key-delivery.ts';
import type { Endpoint, LaneId } from './relay-out.ts';
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

/** Tokens have the top bit clear: a whisper target with it set names a list. */
const TOKEN_MASK = 0x7fff_ffff;

/** One person in the room, whether the lane stands or the place is only held. */
export interface Member {
  readonly token: number;
  /** base64url of the Ed25519 public key. */
  readonly identity: string;
  readonly nickname: string;
  /** `nickname` as names are compared. */
  readonly nicknameKey: string;
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
  /** Where a verified probe came from; null until the first since the last welcome. */
  endpoint: Endpoint | null;
  /** What the member's voice takes, as its client said last. */
  path: VoicePath;
  /** Clock of the newest accepted probe, null until the first since the last welcome. */
  lastProbeClock: number | null;
  /** Tokens by list id. */
  readonly whisperLists: Map<number, readonly number[]>;
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
  /** Members who can be reached (bound address, or voice through the lane) and want to hear, in no order. Rebuilt on changes, read per datagram. */
  recipients: Member[];
}

/** What a new member brings. */
export interface Newcomer {
  readonly lane: LaneId;
  readonly nickname: string;
  readonly nicknameKey: string;
  readonly pathKey: Uint8Array;
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

/** Members and channels of one relay. Knows nothing of lanes' messages or of datagrams' contents. */
export class Room {
  readonly channels: ReadonlyMap<number, Channel>;
  readonly #landing: Channel;
  readonly #maxMembers: number;
  readonly #randomToken: () => number;
  readonly #byToken = new Map<number, Member>();
  readonly #byNickname = new Map<string, Member>();

  constructor(channels: readonly ChannelInfo[], maxMembers: number, randomToken: () => number) {
    const byId = new Map<number, Channel>();
    for (const info of channels) {
      assert(!byId.has(info.id), 'channel ids are unique');
      byId.set(info.id, { info, members: new Set(), recipients: [] });
    }
    const [landing] = byId.values();
    assert(landing !== undefined, 'a room has a channel');
    this.channels = byId;
    this.#landing = landing;
    this.#maxMembers = maxMembers;
    this.#randomToken = randomToken;
  }

  get size(): number {
    return this.#byToken.size;
  }

  get full(): boolean {
    return this.#byToken.size >= this.#maxMembers;
  }

  members(): IterableIterator<Member> {
    return this.#byToken.values();
  }

  find(token: number): Member | undefined {
    return this.#byToken.get(token);
  }

  hasNickname(key: string): boolean {
    return this.#byNickname.has(key);
  }

  /** Admits somebody into the first channel. The caller has checked `full` and `hasNickname`. */
  admit(newcomer: Newcomer, nowMs: number): Member {
    assert(!this.full && !this.hasNickname(newcomer.nicknameKey), 'admission was checked');
    const member: Member = {
      token: this.#drawToken(),
      ...newcomer,
      channel: this.#landing,
      muted: false,
      deafened: false,
      endpoint: null,
      lastProbeClock: null,
      datagrams: new TokenBucket(MAX_DATAGRAMS_PER_SECOND, MAX_DATAGRAM_BURST, nowMs),
      strangerProbes: new TokenBucket(MAX_STRANGER_PROBES_PER_SECOND, MAX_STRANGER_PROBES_PER_SECOND, nowMs),
    };
    this.#byToken.set(member.token, member);
    this.#byNickname.set(member.nicknameKey, member);
    this.#landing.members.add(member);
    return member;
  }

  remove(member: Member): void {
    this.#byToken.delete(member.token);
    this.#byNickname.delete(member.nicknameKey);
    this.move(member, null);
  }

  /** Moves a member to another channel, or to none. */
  move(member: Member, channel: Channel | null): void {
    const previous = member.channel;
    if (previous !== null) {
      previous.members.delete(member);
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
    if (member.channel !== null) rebuildRecipients(member.channel);
  }

  /** Remembers where the member's datagrams come from and go to. */
  bind(member: Member, source: Endpoint): void {
    const first = member.endpoint === null;
    // A copy: the adapter may reuse its object.
    member.endpoint = { address: source.address, port: source.port };
    if (first && member.channel !== null) rebuildRecipients(member.channel);
  }

  #drawToken(): number {
    for (let draw = 0; draw < MAX_TOKEN_DRAWS; draw += 1) {
      const token = this.#randomToken() & TOKEN_MASK;
      if (token !== 0 && !this.#byToken.has(token)) return token;
    }
    throw new Error('broken invariant: the source of tokens repeats itself');
  }
}

function rebuildRecipients(channel: Channel): void {
  const recipients: Member[] = [];
  for (const member of channel.members) {
    if (member.endpoint !== null && !member.deafened) recipients.push(member);
  }
  channel.recipients = recipients;
}

/** A member as the others see it. */
export function memberInfo(member: Member): MemberInfo {
  return {
    token: member.token,
    nickname: member.nickname,
    channel: member.channel === null ? null : member.channel.info.id,
    muted: member.muted,
    deafened: member.deafened,
  };
}
