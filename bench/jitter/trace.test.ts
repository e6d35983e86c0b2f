import { describe, expect, it } from 'vitest';
import {
  MAX_TRACE_DELAY_MS,
  MAX_TRACE_PACKETS,
  MIN_TRACE_ARRIVALS,
  minDelayMs,
  parseTrace,
  sendTimeMs,
} from './trace.ts';

/** What comes of a trace that starts with these entries and is long enough. */
function sentence(...entries: readonly unknown[]): string {
  const parsed = parseTrace(JSON.stringify([...entries, ...new Array<number>(MIN_TRACE_ARRIVALS).fill(20)]));
  return parsed.ok ? 'taken' : parsed.sentence;
}

function verdict(text: string): string {
  const parsed = parseTrace(text);
  return parsed.ok ? 'taken' : parsed.sentence;
}

describe('parseTrace', () => {
  it('takes delays and nulls', () => {
    const delaysMs = [20, null, 21.5, 0, ...new Array<number>(MIN_TRACE_ARRIVALS - 3).fill(25)];
    expect(parseTrace(JSON.stringify(delaysMs))).toEqual({ ok: true, trace: { delaysMs, driftPpm: 0 } });
  });

  it('takes the longest delay and refuses a longer one, a negative one and what is no number', () => {
    expect(sentence(1, MAX_TRACE_DELAY_MS)).toBe('taken');
    expect(sentence(1, MAX_TRACE_DELAY_MS + 1)).toContain('Entry 1');
    expect(sentence(1, 2, -0.5)).toContain('Entry 2');
    expect(sentence('20', 1)).toContain('Entry 0 of the trace is neither null nor a delay');
    expect(sentence(1, [2])).toContain('Entry 1');
    expect(verdict('[1, 1e999]')).toContain('Entry 1');
  });

  it('says what is wrong with the whole', () => {
    expect(verdict('[1,')).toContain('not JSON');
    expect(verdict('{"delays": []}')).toContain('JSON array');
    expect(verdict('[]')).toContain(`at least ${MIN_TRACE_ARRIVALS} packets`);
  });

  it('needs so many packets that arrive, and not one less', () => {
    const arrivals = (count: number) => JSON.stringify([null, ...new Array<number>(count).fill(1), null]);
    expect(verdict(arrivals(MIN_TRACE_ARRIVALS))).toBe('taken');
    expect(verdict(arrivals(MIN_TRACE_ARRIVALS - 1))).toContain(`at least ${MIN_TRACE_ARRIVALS} packets`);
  });

  it('takes as many entries as allowed and not one more', () => {
    const longest = `[${'1,'.repeat(MAX_TRACE_PACKETS - 1)}1]`;
    expect(verdict(longest)).toBe('taken');
    expect(verdict(`${longest.slice(0, -1)},1]`)).toContain(`at most ${MAX_TRACE_PACKETS}`);
  });
});

describe('a trace', () => {
  it('sends every 20 ms of the sender, whose clock may be slow', () => {
    const trace = { delaysMs: [], driftPpm: 100 };
    expect(sendTimeMs(trace, 0)).toBe(0);
    expect(sendTimeMs(trace, 50_000)).toBeCloseTo(1_000_100);
  });

  it('has a fastest packet', () => {
    expect(minDelayMs({ delaysMs: [null, 30, 25, 90], driftPpm: 0 })).toBe(25);
  });
});
