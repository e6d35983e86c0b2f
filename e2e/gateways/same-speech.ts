import { align } from '../sound/align.ts';
import { rmsDbfs } from '../sound/level.ts';
import { intelligibility } from '../sound/stoi.ts';
import { MissedLimit } from './check.ts';

const RATE_HZ = 48_000;

/** What is scored at a time, in samples: a jitter buffer moves its delay between pieces, not within them. */
const PIECE_SAMPLES = 38_400;

/** How far the delay of a piece may be from that of the whole, in samples. */
const SLACK_SAMPLES = 7_200;

/** Speech through two Opus encoders at these bitrates scores more. */
const MIN_STOI = 0.85;

const MAX_LEVEL_DB = 2;

/** How alike two sounds are. */
export interface Likeness {
  /** 0 to 1; mean of pieces. */
  readonly stoi: number;
  /** By how much it is louder, in dB. */
  readonly levelDb: number;
}

/**
 * Whether `heard` holds `said`, at its level.
 *
 * @param said mono at 48 kHz @param heard the same, longer, beginning at any time
 * @throws MissedLimit when it does not
 */
export function expectSameSpeech(said: Float32Array, heard: Float32Array): Likeness {
  const whole = align(said, heard);
  if (whole === null) throw new MissedLimit('nothing was heard');
  const scores: number[] = [];
  for (let at = 0; at + PIECE_SAMPLES <= said.length; at += PIECE_SAMPLES) {
    const piece = said.subarray(at, at + PIECE_SAMPLES);
    const from = Math.max(0, Math.round(at + whole.delaySamples) - SLACK_SAMPLES);
    const near = heard.slice(from, from + PIECE_SAMPLES + 2 * SLACK_SAMPLES);
    const found = align(piece, near, { minLag: 0, maxLag: 2 * SLACK_SAMPLES });
    const start = Math.max(0, Math.round(found?.delaySamples ?? 0));
    const score = intelligibility(piece, near.subarray(start, start + PIECE_SAMPLES), RATE_HZ);
    if (score !== null) scores.push(score.stoi);
  }
  const stoi = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const begin = Math.max(0, Math.round(whole.delaySamples));
  const levelDb = rmsDbfs(heard.subarray(begin, begin + said.length)) - rmsDbfs(said);
  const figures = `STOI ${stoi.toFixed(3)}, ${levelDb.toFixed(1)} dB`;
  if (!(stoi >= MIN_STOI)) throw new MissedLimit(`what was heard is not what was said: ${figures}`);
  if (Math.abs(levelDb) > MAX_LEVEL_DB) throw new MissedLimit(`what was heard has another level: ${figures}`);
  return { stoi: Math.round(stoi * 1_000) / 1_000, levelDb: Math.round(levelDb * 10) / 10 };
}
