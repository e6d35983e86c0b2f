import type { BotRoster } from './bot-roster.ts';
import type { ControlCounters } from './control-counters.ts';
import type { MemberKind } from './kept-places.ts';
import type { Lanes } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import type { ListenersRoster } from './listeners-roster.ts';
import type { Mutes } from './mutes.ts';
import type { PasswordDesk } from './password-desk.ts';
import type { Presence } from './presence.ts';
import type { RelayOptions } from './relay-options.ts';
import type { RoleBook } from './role-book.ts';
import type { Room } from './room.ts';

/** What the sessions of a relay stand on. */
export interface ControlFloor {
  readonly options: RelayOptions;
  readonly counters: ControlCounters;
  readonly room: Room;
  readonly roles: RoleBook;
  readonly lanes: Lanes;
  readonly ledger: Ledger;
  readonly presence: Presence;
  readonly passwords: PasswordDesk;
  readonly mutes: Mutes;
  readonly bots: BotRoster;
  readonly listeners: ListenersRoster;
  /** As what somebody with that identity comes in. */
  kindOf(identity: string): MemberKind;
  /** The wall clock, in whole ms since 1970. */
  wallMs(nowMs: number): number;
}
