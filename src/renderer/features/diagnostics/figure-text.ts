/** What stands where a figure is not known. */
export const UNKNOWN = '–';

/** Samples of one millisecond at 48 kHz, which all sound inside the program has. */
const SAMPLES_PER_MS = 48;

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

function known(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

/** "24.3 ms". */
export function millisecondsText(value: number | null): string {
  return known(value) ? `${tenths.format(value)} ms` : UNKNOWN;
}

/** "412 µs"; from ten milliseconds on "12.3 ms". */
export function microsecondsText(value: number | null): string {
  if (!known(value)) return UNKNOWN;
  return value < 10_000 ? `${whole.format(value)} µs` : millisecondsText(value / 1_000);
}

/** "1.4 %". */
export function shareText(value: number | null): string {
  return known(value) ? `${tenths.format(value)} %` : UNKNOWN;
}

/** "61.8 kbit/s". */
export function bitrateText(value: number | null): string {
  return known(value) ? `${tenths.format(value)} kbit/s` : UNKNOWN;
}

/** "12,345". */
export function countText(value: number | null): string {
  return known(value) ? whole.format(value) : UNKNOWN;
}

/** A number in a narrow column, its unit in the head: "24.3". */
export function tenthsText(value: number | null): string {
  return known(value) ? tenths.format(value) : UNKNOWN;
}

/** Samples of sound as time: below a second in ms, above in seconds. */
export function soundText(samples: number | null): string {
  if (!known(samples)) return UNKNOWN;
  const milliseconds = samples / SAMPLES_PER_MS;
  return milliseconds < 999.5
    ? `${whole.format(milliseconds)} ms`
    : `${tenths.format(milliseconds / 1_000)} s`;
}

/** A level with a real minus sign: "−32 dB"; digital silence has none. */
export function levelText(decibels: number): string {
  if (!Number.isFinite(decibels) || decibels <= -120) return UNKNOWN;
  const rounded = Math.round(decibels);
  return `${rounded < 0 ? '−' : ''}${Math.abs(rounded)} dB`;
}
