import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createNotRunReport,
  createReport,
  formatReport,
  judge,
  type Limits,
  limitsOf,
  publish,
  type Report,
} from './report.ts';

const limits: Limits = {
  delayMs: { limit: 110, better: 'lower' },
  quality: { limit: 0.95, better: 'higher' },
};

const report: Report = {
  name: 'bench:example',
  commit: '0123456789abcdef',
  machine: { cpu: 'Example', cores: 2, memoryGb: 4, kernel: '6.1', node: 'v24.0.0' },
  rows: [
    { check: 'first', ms: 12.345678 },
    { check: 'second', note: 'late' },
  ],
  targets: [{ name: 'delayMs', limit: 110, value: 120, met: false }],
};

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

function printed(json: boolean, what: Report): string {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  publish(what, { json });
  return write.mock.calls.map(([text]) => String(text)).join('');
}

describe('targets', () => {
  it.each([
    [{ delayMs: 110, quality: 0.95 }, [true, true]],
    [{ delayMs: 110.001, quality: 0.9499 }, [false, false]],
    [{ delayMs: 109, quality: 0.96 }, [true, true]],
  ])('%o is judged %o: the limit itself is good enough', (values, met) => {
    expect(judge(limits, values).map((target) => target.met)).toEqual(met);
  });

  it('are missed when nothing, or no number, was measured', () => {
    const targets = judge(limits, { delayMs: Number.NaN });
    expect(targets).toEqual([
      { name: 'delayMs', limit: 110, value: null, met: false },
      { name: 'quality', limit: 0.95, value: null, met: false },
    ]);
    expect(judge(limits, { delayMs: -Infinity, quality: null }).some((target) => target.met)).toBe(false);
  });

  it('must be known', () => {
    expect(() => judge(limits, { dleayMs: 1 })).toThrow('dleayMs');
    expect(() => limitsOf('bench:unknown', '{}')).toThrow('bench:unknown');
    expect(() => limitsOf('a', '{"a":{"b":{"limit":1,"better":"faster"}}}')).toThrow();
  });

  it('of the voice test are those that were agreed', () => {
    expect(limitsOf('e2e:voice')).toMatchObject({
      mouthToEarMs: { limit: 110, better: 'lower' },
      pipelineMs: { limit: 75, better: 'lower' },
      stoi: { limit: 0.95, better: 'higher' },
      silenceDbfs: { limit: -70, better: 'lower' },
      longestGapMs: { limit: 5, better: 'lower' },
    });
  });
});

describe('a report', () => {
  it('names commit and machine, but no host', () => {
    const made = createReport('e2e:voice', [], { stoi: 0.97 });
    expect(made.commit ?? '0000000').toMatch(/^[0-9a-f]{7,64}$/);
    expect(Object.keys(made.machine).sort()).toEqual(['cores', 'cpu', 'kernel', 'memoryGb', 'node']);
    expect(made.targets.find((target) => target.name === 'stoi')).toEqual({
      name: 'stoi',
      limit: 0.95,
      value: 0.97,
      met: true,
    });
  });

  it('of a command that could not run says so and fails nothing', () => {
    const made = createNotRunReport('e2e:electron', 'there is no binary');
    expect(printed(false, made)).toContain('e2e:electron DID NOT RUN  there is no binary');
    expect(process.exitCode).toBeUndefined();
  });

  it('is one JSON document with --json', () => {
    expect(JSON.parse(printed(true, report))).toEqual(report);
  });

  it('is a table for a person otherwise', () => {
    const lines = printed(false, report).split('\n');
    expect(lines).toContain('check   ms     note');
    expect(lines).toContain('first   12.35');
    expect(lines).toContain('second         late');
    expect(lines).toContain('delayMs  120    110    NO');
  });

  it('names the figures of each row where the rows have little in common', () => {
    const rows = Array.from({ length: 9 }, (_, i) => ({ check: `c${i}`, [`figure${i}`]: i }));
    const lines = formatReport({ ...report, rows }).split('\n');
    expect(lines).toContain('check  figures');
    expect(lines).toContain('c3     figure3 3');
  });

  it('says so where a target was not measured', () => {
    const unmeasured = { ...report, targets: judge(limits, {}) };
    expect(formatReport(unmeasured)).toContain('not measured');
  });

  it('fails the command when a target is missed, and only then', () => {
    printed(true, { ...report, targets: judge(limits, { delayMs: 1, quality: 1 }) });
    expect(process.exitCode).toBeUndefined();
    vi.restoreAllMocks();
    printed(true, report);
    expect(process.exitCode).toBe(1);
  });
});
