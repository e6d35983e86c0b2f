/** Length of every packet's sound. */
export const PACKET_MS = 20;

/** What a network did to a stream of 20 ms packets. */
export interface Trace {
  /** One-way delay of each packet, in ms; null for a lost one. */
  readonly delaysMs: readonly (number | null)[];
  /** How much slower the sender's clock runs than ours, in parts per million. */
  readonly driftPpm: number;
  /** Which talkspurt each packet belongs to, null where the sender is silent and sends nothing; one without end when absent. */
  readonly talkspurts?: readonly (number | null)[];
}

/** When the packet with that number leaves, in ms of our clock. */
export function sendTimeMs(trace: Trace, index: number): number {
  return index * PACKET_MS * (1 + trace.driftPpm / 1e6);
}

/** Delay of the fastest packet. */
export function minDelayMs(trace: Trace): number {
  let least = Number.POSITIVE_INFINITY;
  for (const delay of trace.delaysMs) if (delay !== null && delay < least) least = delay;
  return least;
}

/** Most entries of a trace file: five and a half hours. */
export const MAX_TRACE_PACKETS = 1_000_000;

/** Fewest packets that must arrive: with less than a second no buffer has got going. */
export const MIN_TRACE_ARRIVALS = 50;

/** Longest delay believed, in ms: ten seconds are no conversation. */
export const MAX_TRACE_DELAY_MS = 10_000;

export type ParsedTrace =
  | { readonly ok: true; readonly trace: Trace }
  | { readonly ok: false; readonly sentence: string };

function refused(sentence: string): ParsedTrace {
  return { ok: false, sentence };
}

/** Reads a JSON array: one-way delay in ms per 20 ms packet, null for a lost one. */
export function parseTrace(text: string): ParsedTrace {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refused('The trace is not JSON.');
  }
  if (!Array.isArray(parsed))
    return refused('The trace must be a JSON array of delays in ms, with null for a lost packet.');
  const entries: readonly unknown[] = parsed;
  if (entries.length > MAX_TRACE_PACKETS) {
    return refused(`The trace has ${entries.length} entries; at most ${MAX_TRACE_PACKETS} are taken.`);
  }
  const delaysMs: (number | null)[] = [];
  for (const [index, entry] of entries.entries()) {
    const isDelay = typeof entry === 'number' && entry >= 0 && entry <= MAX_TRACE_DELAY_MS;
    if (entry !== null && !isDelay) {
      return refused(
        `Entry ${index} of the trace is neither null nor a delay from 0 to ${MAX_TRACE_DELAY_MS} ms: ${JSON.stringify(entry)?.slice(0, 40)}.`,
      );
    }
    delaysMs.push(entry === null ? null : Number(entry));
  }
  if (delaysMs.filter((delay) => delay !== null).length < MIN_TRACE_ARRIVALS) {
    return refused(`The trace needs at least ${MIN_TRACE_ARRIVALS} packets that arrive.`);
  }
  return { ok: true, trace: { delaysMs, driftPpm: 0 } };
}
