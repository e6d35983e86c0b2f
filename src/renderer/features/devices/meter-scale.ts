/** Bottom of the meters, in dBFS: just below the noise of a quiet room through a good microphone. */
export const METER_FLOOR_DB = -72;

/** Distance of the scale's marks, in dB: factors of four, six divisions over the whole scale. */
export const METER_STEP_DB = 12;

/** Where a level stands on a meter: 0 at METER_FLOOR_DB and below, 1 at 0 dBFS and above, linear in dB. */
export function meterFraction(levelDb: number): number {
  if (Number.isNaN(levelDb)) return 0;
  return Math.min(1, Math.max(0, 1 - levelDb / METER_FLOOR_DB));
}

/** The marks of the scale, in dBFS, from the floor up to 0. */
export function meterMarksDb(): readonly number[] {
  const marks: number[] = [];
  for (let markDb = METER_FLOOR_DB; markDb <= 0; markDb += METER_STEP_DB) marks.push(markDb);
  return marks;
}

/** A level as people write it, with a real minus sign: "−42 dB". */
export function decibelText(levelDb: number): string {
  const whole = Math.round(levelDb);
  return `${whole < 0 ? '−' : ''}${Math.abs(whole)} dB`;
}
