import type { BanBook } from './ban-book.ts';
import type { ControlFloor } from './control-floor.ts';
import type { KeyDelivery } from './key-delivery.ts';
import type { Sessions } from './sessions.ts';

/** What the desks that answer messages share; each reads it, and changes only its own concern. */
export interface ControlParts extends ControlFloor {
  readonly bans: BanBook;
  readonly keys: KeyDelivery;
  readonly sessions: Sessions;
}
