import { METER_FLOOR_DB } from './meter-scale.ts';

/** Fall of the bar in dB per second: as quick as speech pauses, slow enough to read; it rises at once. */
export const FALL_DB_PER_SECOND = 36;

/** How long the peak mark stands before it falls, in ms. */
export const PEAK_HOLD_MS = 1_200;

/** What a meter shows, in dBFS, and since when. */
export interface MeterReading {
  readonly levelDb: number;
  readonly peakDb: number;
  readonly peakAtMs: number;
  readonly atMs: number;
}

/** A meter at rest. */
export function restingMeter(nowMs: number): MeterReading {
  return { levelDb: METER_FLOOR_DB, peakDb: METER_FLOOR_DB, peakAtMs: nowMs, atMs: nowMs };
}

/**
 * The reading after a new level: rises at once, falls at FALL_DB_PER_SECOND, and keeps its peak for PEAK_HOLD_MS.
 *
 * @param inputDb measured level in dBFS; anything below the scale counts as its floor
 */
export function stepMeter(before: MeterReading, inputDb: number, nowMs: number): MeterReading {
  const fallDb = (Math.max(0, nowMs - before.atMs) / 1_000) * FALL_DB_PER_SECOND;
  const measuredDb = Number.isNaN(inputDb) ? METER_FLOOR_DB : Math.max(METER_FLOOR_DB, Math.min(0, inputDb));
  const levelDb = Math.max(measuredDb, before.levelDb - fallDb);
  if (levelDb >= before.peakDb) return { levelDb, peakDb: levelDb, peakAtMs: nowMs, atMs: nowMs };
  const held = nowMs - before.peakAtMs < PEAK_HOLD_MS;
  const peakDb = held ? before.peakDb : Math.max(levelDb, before.peakDb - fallDb);
  return { levelDb, peakDb, peakAtMs: before.peakAtMs, atMs: nowMs };
}
