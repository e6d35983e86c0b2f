import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DELAY_MS, MAX_TRACE_DATAGRAMS, SIZE_STEP_BYTES, TraceRecorder } from './network-trace.ts';
import { MAX_TRACE_TEXT_LENGTH, parseTrace, type TraceReason, traceToText } from './trace-document.ts';

const LOST = Number.NaN;

function textOf(...datagrams: [ms: number, bytes: number, delayMs: number, copyDelayMs?: number][]): string {
  const recorder = new TraceRecorder();
  for (const [ms, bytes, delayMs, copyDelayMs] of datagrams)
    recorder.add(ms, bytes, delayMs, copyDelayMs ?? LOST);
  return traceToText(recorder.finish());
}

function delaysOf(text: string): { delays: number[]; copies: number[] } {
  const result = parseTrace(text);
  if (!result.ok) throw new Error(result.sentence);
  return { delays: [...result.trace.delaysMs], copies: [...result.trace.copyDelaysMs] };
}

function reasonOf(text: string): TraceReason | null {
  const result = parseTrace(text);
  return result.ok ? null : result.reason;
}

const row = (...numbers: unknown[]): string =>
  JSON.stringify({ format: 'sidetone-trace', version: 1, datagrams: [[0, 64, 5], numbers] });

describe('a network trace as text', () => {
  it('holds offset, rounded size and fate of each datagram', () => {
    expect(textOf([5_000, 87, 40.128], [5_020.004, 96, LOST], [5_040, 97, 0, 12.5])).toBe(
      '{"format":"sidetone-trace","version":1,"datagrams":[\n[0,96,40.13],\n[20,96,null],\n[40,128,0,12.5]\n]}\n',
    );
  });

  it('comes back as it was written', () => {
    const { delays, copies } = delaysOf(textOf([0, 87, 40.25], [20, 96, LOST], [40, 97, 0, 12.5]));
    expect(delays).toEqual([40.25, LOST, 0]);
    expect(copies).toEqual([LOST, LOST, 12.5]);
  });

  it('reads a plain array of delays', () => {
    expect(delaysOf('[31.5, null, 0]').delays).toEqual([31.5, LOST, 0]);
  });

  it.each<[TraceReason, string]>([
    ['notJson', ''],
    ['notJson', '[1, 2'],
    ['notTrace', '7'],
    ['notTrace', 'null'],
    ['notTrace', '{"format":"other","version":1,"datagrams":[[0,1,2]]}'],
    ['notTrace', '{"format":"sidetone-trace","version":1}'],
    ['otherVersion', '{"format":"sidetone-trace","version":2,"datagrams":[[0,1,2]]}'],
    ['empty', '[]'],
    ['badDatagram', '[1, -0.5]'],
    ['badDatagram', '["1"]'],
    ['badDatagram', `[${MAX_DELAY_MS + 1}]`],
    ['badDatagram', '[1e999]'],
    ['badDatagram', row(0, 64)],
    ['badDatagram', row(0, 64, 1, 2, 3)],
    ['badDatagram', row(0, 64, 1, 'x')],
    ['badDatagram', row(0, 64, true)],
  ])('refuses as %s: %s', (reason, text) => {
    expect(reasonOf(text)).toBe(reason);
    const result = parseTrace(text);
    expect(!result.ok && result.sentence).toMatch(/^(The trace|This document).+\.$/);
  });

  it('says which packet is wrong', () => {
    const result = parseTrace('[10, 20, "x"]');
    expect(!result.ok && result.sentence).toContain('packet 3');
  });

  it('takes as many datagrams as the limit says and not one more', () => {
    const text = (count: number): string => `[${new Array(count).fill('1').join(',')}]`;
    expect(reasonOf(text(MAX_TRACE_DATAGRAMS - 1))).toBeNull();
    expect(reasonOf(text(MAX_TRACE_DATAGRAMS))).toBeNull();
    expect(reasonOf(text(MAX_TRACE_DATAGRAMS + 1))).toBe('tooMany');
  });

  it('takes as long a text as the limit says and not one more', () => {
    const padded = (length: number): string => '[1]'.padEnd(length, ' ');
    expect(reasonOf(padded(MAX_TRACE_TEXT_LENGTH))).toBeNull();
    expect(reasonOf(padded(MAX_TRACE_TEXT_LENGTH + 1))).toBe('tooLong');
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => typeof parseTrace(text).ok === 'boolean'),
    );
    expect(reasonOf('['.repeat(200_000))).toBe('notJson');
    expect(reasonOf(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)).toMatch(/notJson|badDatagram/);
  });
});

describe('TraceRecorder', () => {
  it('is bounded, counts what it leaves out, and fits the text that is read', () => {
    const recorder = new TraceRecorder();
    for (let sent = 0; sent < MAX_TRACE_DATAGRAMS + 2; sent += 1)
      recorder.add(sent * 20.123, 1_200, MAX_DELAY_MS - 0.01, MAX_DELAY_MS - 0.01);
    expect([recorder.length, recorder.leftOut]).toEqual([MAX_TRACE_DATAGRAMS, 2]);
    const text = traceToText(recorder.finish());
    expect(text.length).toBeLessThan(MAX_TRACE_TEXT_LENGTH);
    expect(delaysOf(text).delays).toHaveLength(MAX_TRACE_DATAGRAMS);
  });

  it('rounds sizes up, so that they do not tell what was said', () => {
    const sizes = [1, SIZE_STEP_BYTES, SIZE_STEP_BYTES + 1].map((bytes) => {
      const recorder = new TraceRecorder();
      recorder.add(0, bytes, 0, LOST);
      return recorder.finish().sizesBytes[0];
    });
    expect(sizes).toEqual([SIZE_STEP_BYTES, SIZE_STEP_BYTES, 2 * SIZE_STEP_BYTES]);
  });
});
