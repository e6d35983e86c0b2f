import type { ChannelInfo } from '../wire/channels.ts';
import type { Ban, MemberInfo, Request } from '../wire/control.ts';
import type { RefusalCode } from '../wire/refusal.ts';
import type { Role } from '../wire/roles.ts';
import type { Rule } from '../wire/rule.ts';

/** Who asks: an account of the admin API. It bears a role of the room and is judged like a member with that role. */
export interface AdminActor {
  readonly account: string;
  readonly role: number;
}

/** What an account may ask of the room: the members' own requests that do not need a place in it, and the room's config. */
export type AdminCommand =
  | Extract<
      Request,
      {
        kind:
          | 'move'
          | 'muteForAll'
          | 'kick'
          | 'ban'
          | 'unban'
          | 'createChannel'
          | 'changeChannel'
          | 'removeChannel'
          | 'saveRole'
          | 'removeRole'
          | 'assignRole';
      }
    >
  /**
   * Whether listeners may stand in a channel: for who may change it. All else of it stays as it is by then, which a
   * `changeChannel` after a look at the room cannot promise.
   */
  | { readonly kind: 'setListeners'; readonly channel: number; readonly listeners: boolean }
  /** Only for the highest rank. */
  | { readonly kind: 'configure'; readonly name: string; readonly maxMembers: number }
  /**
   * Opens a channel of its own for a stress test, and lets these identities into it past the room's limits and
   * passwords. Only for the highest rank, one at a time.
   */
  | { readonly kind: 'admitBots'; readonly identities: readonly string[]; readonly channelName: string }
  /** Puts the bots out and removes their channel. */
  | { readonly kind: 'dismissBots' }
  /**
   * Lets this identity into a channel whose `listeners` switch is on, as the member that stands there for the gateways:
   * past limits, roles and passwords. Only for the highest rank; one in each channel, until the switch goes off, the
   * channel is removed, the relay ends, or it is dismissed.
   */
  | { readonly kind: 'admitListeners'; readonly identity: string; readonly channel: number }
  /** Puts it out; one that was never let in is out. Only for the highest rank. */
  | { readonly kind: 'dismissListeners'; readonly identity: string };

/** `channel`: the one that `createChannel` or `admitBots` made. */
export type AdminOutcome =
  | { readonly ok: true; readonly channel: number | null }
  | { readonly ok: false; readonly code: RefusalCode; readonly rule: Rule | null };

export interface AdminMemberInfo extends MemberInfo {
  readonly bot: boolean;
  /** It stands in its channel for the gateways. */
  readonly listeners: boolean;
}

/** The room as an account sees it. */
export interface AdminView {
  readonly roomName: string;
  readonly maxMembers: number;
  readonly channels: readonly ChannelInfo[];
  readonly members: readonly AdminMemberInfo[];
  readonly roles: readonly Role[];
}

/** A change of the view, in the order in which it happened. */
export type AdminNews =
  | { readonly type: 'member'; readonly member: AdminMemberInfo }
  | { readonly type: 'memberLeft'; readonly token: number }
  | { readonly type: 'channel'; readonly channel: ChannelInfo }
  | { readonly type: 'channelRemoved'; readonly channel: number }
  | { readonly type: 'roles'; readonly roles: readonly Role[] }
  | { readonly type: 'config'; readonly roomName: string; readonly maxMembers: number }
  | { readonly type: 'audit' };

/** One line of the audit log as it is read. */
export interface AuditRow {
  readonly id: number;
  readonly atMs: number;
  readonly by: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string;
}

/** What the relay's thread does right now. Counters since the start; `cpuMs` is its thread's own time. */
export interface RelayFigures {
  readonly atMs: number;
  readonly voiceSocket: 'batched' | 'dgram';
  readonly counters: Readonly<Record<string, number>>;
  readonly cpuMs: number;
  readonly heapBytes: number;
}

/** A running relay, from the thread that serves the admin API. Promises reject only when the relay is gone. */
export interface RelayAdmin {
  command(actor: AdminActor, command: AdminCommand): Promise<AdminOutcome>;
  view(): Promise<AdminView>;
  /** Newest first. */
  bans(): Promise<readonly Ban[]>;
  /** The newest `count` lines with an id below `before` (null: the newest), newest first. */
  audit(before: number | null, count: number): Promise<readonly AuditRow[]>;
  /** Writes what happened at the API itself: logins, accounts. Never a password, an address or a token. */
  writeAudit(by: string, action: string, subject: string, reason: string): Promise<void>;
  figures(): Promise<RelayFigures>;
  /** Changes from now on. @returns stops it */
  watch(onNews: (news: AdminNews) => void): () => void;
}
