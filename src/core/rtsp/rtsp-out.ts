import type { MediaOut } from './media-out.ts';
import type { Opening, RtspSession } from './rtsp-session.ts';

/** Why a connection is ended from this side. */
export type RtspEnd =
  | 'malformed'
  | 'tooManyRequests'
  | 'answersNotTaken'
  | 'requestTooSlow'
  | 'idle'
  | 'revoked'
  | 'programClosed'
  | 'tooSlow';

/** Effects of an RTSP connection. */
export interface RtspOut extends MediaOut {
  /** Bytes that were sent on the connection and that the player has not taken yet. */
  backlogBytes(): number;
  /** The session's program is to be joined, with that opening. */
  play(session: RtspSession, opening: Opening): void;
  /** And left. */
  stop(session: RtspSession): void;
  /** The connection is over as soon as what was sent is taken. */
  end(reason: RtspEnd): void;
}
