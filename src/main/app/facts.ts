import type { StageReport } from '../../core/processing/processing-chain.ts';
import type { VoicePath } from '../../core/wire/control.ts';
import type { HearingReport } from '../../core/wire/hearing.ts';

/** What the encoder thread reports. */
export type EncoderFact =
  | { kind: 'level'; inputDb: number }
  | { kind: 'transmitting'; transmitting: boolean }
  | { kind: 'processing'; stages: StageReport[] }
  | { kind: 'counters'; counters: Record<string, number> };

/** What the voice thread reports. */
export type VoiceFact =
  | { kind: 'meters'; outputDb: number; talkingTokens: number[]; whisperingTokens: number[] }
  | { kind: 'path'; alive: boolean; pingMs: number | null; deafForMs: number | null }
  | { kind: 'voicePath'; path: VoicePath }
  | { kind: 'laneDatagram'; bytes: Uint8Array }
  | { kind: 'hearing'; reports: HearingReport[] }
  | { kind: 'trace'; text: string; packets: number }
  | { kind: 'tapOpened'; token: number; memory: SharedArrayBuffer; startSample: number }
  | { kind: 'counters'; groups: Record<string, Record<string, number>> };
