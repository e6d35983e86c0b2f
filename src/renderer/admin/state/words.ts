/** A point in time by the clock and the calendar of whoever reads it. */
export function momentText(atMs: number): string {
  return new Date(atMs).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

/** A whole number with its thousands apart, one decimal below ten where there is one. */
export function figureText(value: number): string {
  return value.toLocaleString('en-GB', { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 });
}

/** A share of one, in per cent. */
export function shareText(share: number): string {
  return `${figureText(share * 100)}\u00a0%`;
}

/** What is given in per cent; small ones are not rounded to nothing. */
export function percentText(percent: number): string {
  return `${percent.toLocaleString('en-GB', { maximumFractionDigits: percent < 1 ? 3 : 1 })}\u00a0%`;
}

/** Bytes of a MiB. */
export const MEBIBYTE = 2 ** 20;

/** What is given in MiB. */
export function mebibytesText(mebibytes: number): string {
  return `${figureText(mebibytes)}\u00a0MiB`;
}

/** Bytes as memory is told: in MiB. */
export function memoryText(bytes: number): string {
  return mebibytesText(bytes / MEBIBYTE);
}

/** bit/s in the unit that leaves few digits. */
export function bitsText(bitsPerSecond: number): string {
  if (bitsPerSecond >= 1_000_000) return `${figureText(bitsPerSecond / 1_000_000)}\u00a0Mbit/s`;
  return `${figureText(bitsPerSecond / 1_000)}\u00a0kbit/s`;
}

/** A time in ms; two decimals where they are all there is to see. */
export function delayText(delayMs: number): string {
  return `${delayMs.toLocaleString('en-GB', { maximumFractionDigits: delayMs < 1 ? 2 : 1 })}\u00a0ms`;
}
