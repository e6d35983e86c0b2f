import type { VoicePath } from '../../core/wire/control.ts';

/** What the encoder thread reports. */
export type EncoderFact =
  | { kind: 'level'; inputDb: number }
  | { kind: 'transmitting'; transmitting: boolean }
  | { kind: 'counters'; counters: Record<string, number> };

/** What the voice thread reports. */
export type VoiceFact =
  | { kind: 'meters'; outputDb: number; talkingTokens: number[]; whisperingTokens: number[] }
  | { kind: 'path'; alive: boolean; pingMs: number | null; deafForMs: number | null }
  | { kind: 'voicePath'; path: VoicePath }
  | { kind: 'laneDatagram'; bytes: Uint8Array }
  | { kind: 'counters'; groups: Record<string, Record<string, number>> };
