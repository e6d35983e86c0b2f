import type { Connection } from '../../contract/dto.ts';

/** A connection that works. */
export type Connected = Extract<Connection, { phase: 'connected' }>;

/** A connection with nothing special about it, for scenes and tests. */
export function someConnection(part: Partial<Connected> = {}): Connected {
  return {
    phase: 'connected',
    relay: '192.168.1.20:48480',
    roomName: 'Ada’s room',
    channel: 1,
    channelName: 'Lobby',
    bitrate: 32_000,
    voicePath: true,
    voiceRoute: 'udp',
    deafForMs: null,
    pingMs: 24.3,
    speakRule: '',
    sealing: {
      state: 'sealed',
      epoch: 41,
      groupCode: '20417 88503 61972 04455 91036 77218',
      strangers: 0,
    },
    ...part,
  };
}
