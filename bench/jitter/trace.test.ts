import { describe, expect, it } from 'vitest';
import { MAX_TRACE_DELAY_MS, MAX_TRACE_PACKETS, minDelayMs, parseTrace, sendTimeMs } from './trace.ts';

function sentence(text: string): string {
  const parsed = parseTrace(text);
  return parsed.ok ? 'taken' : parsed.sentence;
}

describe('parseTrace', () => {
  it('takes delays and nulls', () => {
    expect(parseTrace('[20, null, 21.5, 0]')).toEqual({
      ok: true,
      trace: { delaysMs: [20, null, 21.5, 0], driftPpm: 0 },
    });
  });

  it('takes the longest delay and refuses a longer one, a negative one and what is no number', () => {
    expect(sentence(`[1, ${MAX_TRACE_DELAY_MS}]`)).toBe('taken');
    expect(sentence(`[1, ${MAX_TRACE_DELAY_MS + 1}]`)).toContain('Entry 1');
    expect(sentence('[1, 2, -0.5]')).toContain('Entry 2');
    expect(sentence('["20", 1]')).toContain('Entry 0 of the trace is neither null nor a delay');
    expect(sentence('[1, [2]]')).toContain('Entry 1');
    expect(sentence('[1, 1e999]')).toContain('Entry 1');
  });

  it('says what is wrong with the whole', () => {
    expect(sentence('[1,')).toContain('not JSON');
    expect(sentence('{"delays": []}')).toContain('JSON array');
    expect(sentence('[]')).toContain('two packets');
    expect(sentence('[null, 1, null]')).toContain('two packets');
  });

  it('takes as many entries as allowed and not one more', () => {
    const longest = `[${'1,'.repeat(MAX_TRACE_PACKETS - 1)}1]`;
    expect(sentence(longest)).toBe('taken');
    expect(sentence(`${longest.slice(0, -1)},1]`)).toContain(`at most ${MAX_TRACE_PACKETS}`);
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
