import recorded from './transcripts.json' with { type: 'json' };

/** What a player sent over a connection, from its first byte to its last. */
export interface Transcript {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly requests: number;
}

/** Recordings of real players, for tests. */
export const TRANSCRIPTS: readonly Transcript[] = recorded.transcripts.map(
  ({ name, requests, framesHex }) => {
    const text = Uint8Array.from(`${requests.join('\r\n')}\r\n`, (character) => character.charCodeAt(0));
    const frames = (framesHex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
    return {
      name,
      bytes: Uint8Array.from([...text, ...frames]),
      requests: requests.filter((line) => line.endsWith(' RTSP/1.0')).length,
    };
  },
);
