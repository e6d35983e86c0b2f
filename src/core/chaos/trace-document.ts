import { MAX_DELAY_MS, MAX_TRACE_DATAGRAMS, type NetworkTrace, type RecordedTrace } from './network-trace.ts';

const FORMAT = 'sidetone-trace';
const VERSION = 1;

/** Longest text that is read: a full trace has less than 6 MB. */
export const MAX_TRACE_TEXT_LENGTH = 8_388_608;

/** Numbers of one datagram in the document: offset, size, delay and, of those that came twice, delay of the copy. */
const MIN_ROW_LENGTH = 3;
const MAX_ROW_LENGTH = 4;
const DELAY_COLUMN = 2;
const COPY_COLUMN = 3;

/** Why a text is no trace. */
export type TraceReason =
  | 'tooLong'
  | 'notJson'
  | 'notTrace'
  | 'otherVersion'
  | 'empty'
  | 'tooMany'
  | 'badDatagram';

export type TraceResult =
  | { readonly ok: true; readonly trace: NetworkTrace }
  /** `sentence` is for people. */
  | { readonly ok: false; readonly reason: TraceReason; readonly sentence: string };

/**
 * Writes a recording as JSON: `{ "format": "sidetone-trace", "version": 1, "datagrams": [[offset, size, delay], …] }`,
 * offset and delay in ms with two decimals, delay null for one that was lost, a fourth number for the delay of a copy.
 *
 * Nothing of what was said or of who said it is in there: times and rounded sizes are all that was recorded.
 */
export function traceToText(trace: RecordedTrace): string {
  const rows: string[] = [];
  for (let at = 0; at < trace.length; at += 1) {
    const row = [
      hundredths(trace.offsetsMs[at]),
      String(trace.sizesBytes[at] ?? 0),
      hundredths(trace.delaysMs[at]),
    ];
    const copy = trace.copyDelaysMs[at] ?? Number.NaN;
    if (!Number.isNaN(copy)) row.push(hundredths(copy));
    rows.push(`[${row.join(',')}]`);
  }
  return `{"format":"${FORMAT}","version":${VERSION},"datagrams":[\n${rows.join(',\n')}\n]}\n`;
}

function hundredths(ms: number | undefined): string {
  return ms === undefined || Number.isNaN(ms) ? 'null' : String(Math.round(ms * 100) / 100);
}

/**
 * Reads a trace: a document of `traceToText`, or a plain JSON array of one-way delays in ms, one for each datagram, null
 * for one that was lost (what `npm run bench:jitter -- --trace` takes).
 */
export function parseTrace(text: string): TraceResult {
  if (text.length > MAX_TRACE_TEXT_LENGTH) return refused('tooLong');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The one way in which the language says that a text is no JSON.
    return refused('notJson');
  }
  if (Array.isArray(document)) return readRows(document, readDelay);
  if (typeof document !== 'object' || document === null) return refused('notTrace');
  const { format, version, datagrams } = document as Record<string, unknown>;
  if (format !== FORMAT || !Array.isArray(datagrams)) return refused('notTrace');
  if (version !== VERSION) return refused('otherVersion');
  return readRows(datagrams, readRow);
}

/** Reads one datagram into the two arrays. @returns false when it is none */
type ReadRow = (row: unknown, at: number, delaysMs: Float32Array, copyDelaysMs: Float32Array) => boolean;

function readRows(rows: readonly unknown[], read: ReadRow): TraceResult {
  if (rows.length === 0) return refused('empty');
  if (rows.length > MAX_TRACE_DATAGRAMS) return refused('tooMany');
  const delaysMs = new Float32Array(rows.length);
  const copyDelaysMs = new Float32Array(rows.length).fill(Number.NaN);
  for (let at = 0; at < rows.length; at += 1) {
    if (!read(rows[at], at, delaysMs, copyDelaysMs)) return refused('badDatagram', at);
  }
  return { ok: true, trace: { length: rows.length, delaysMs, copyDelaysMs } };
}

function readDelay(row: unknown, at: number, delaysMs: Float32Array): boolean {
  if (row !== null && !isDelay(row)) return false;
  delaysMs[at] = row ?? Number.NaN;
  return true;
}

function readRow(row: unknown, at: number, delaysMs: Float32Array, copyDelaysMs: Float32Array): boolean {
  if (!Array.isArray(row) || row.length < MIN_ROW_LENGTH || row.length > MAX_ROW_LENGTH) return false;
  if (!readDelay(row[DELAY_COLUMN], at, delaysMs)) return false;
  return row.length === MIN_ROW_LENGTH || readDelay(row[COPY_COLUMN], at, copyDelaysMs);
}

function isDelay(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_DELAY_MS;
}

function refused(reason: TraceReason, at = 0): TraceResult {
  return { ok: false, reason, sentence: sentenceOf(reason, at) };
}

function sentenceOf(reason: TraceReason, at: number): string {
  switch (reason) {
    case 'tooLong':
      return `The trace is too long: at most ${MAX_TRACE_TEXT_LENGTH} characters are read.`;
    case 'notJson':
      return 'The trace cannot be read: it is not a JSON document.';
    case 'notTrace':
      return 'This document is not a network trace.';
    case 'otherVersion':
      return 'The trace was written by another version of Sidetone, which this one does not understand.';
    case 'empty':
      return 'The trace is empty.';
    case 'tooMany':
      return `The trace is too long: at most ${MAX_TRACE_DATAGRAMS} packets are read.`;
    case 'badDatagram':
      return `The trace is damaged at packet ${at + 1}: a delay must be a number of milliseconds from 0 to ${MAX_DELAY_MS}, or null for a lost packet.`;
  }
}
