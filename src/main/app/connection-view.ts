import type { Connection } from '../../contract/dto.ts';
import type { SessionEngine } from '../../core/session/session-engine.ts';
import type { VoicePath } from '../../core/wire/control.ts';

/** What the path to the relay is like, as the voice thread sees it. */
export interface Path {
  readonly alive: boolean;
  readonly pingMs: number | null;
  readonly deafForMs: number | null;
}

export const NO_PATH: Path = Object.freeze({ alive: false, pingMs: null, deafForMs: null });

/** What others know of the room we are in. */
export type RoomConnectionFacts = Pick<Extract<Connection, { phase: 'connected' }>, 'speakRule' | 'sealing'>;

export interface ConnectionFacts {
  readonly engine: Pick<SessionEngine, 'phase' | 'attempt' | 'ownChannel' | 'roomName'>;
  /** The relay's name and port. */
  readonly relay: string;
  /** The person waits to be let in; otherwise a connection that is away was there before. */
  readonly entering: boolean;
  readonly path: Path;
  readonly voiceRoute: VoicePath;
  readonly room: RoomConnectionFacts;
}

/** What the window shows of the connection. */
export function viewConnection(facts: ConnectionFacts): Connection {
  const { engine, relay, path } = facts;
  switch (engine.phase) {
    case 'idle':
      return { phase: 'idle' };
    case 'connected':
      return {
        phase: 'connected',
        relay,
        roomName: engine.roomName,
        channel: engine.ownChannel?.id ?? null,
        channelName: engine.ownChannel?.name ?? '',
        bitrate: engine.ownChannel?.config.bitrate ?? 0,
        voicePath: path.alive,
        voiceRoute: facts.voiceRoute,
        deafForMs: path.deafForMs,
        pingMs: path.pingMs,
        ...facts.room,
      };
    default:
      return facts.entering
        ? { phase: 'connecting', relay }
        : { phase: 'reconnecting', relay, attempt: engine.attempt };
  }
}
