import { expect, test } from 'vitest';
import { MAX_TRACE_TEXT_LENGTH } from '../../../contract/limits.ts';
import { someChaos, someTesting } from '../../dev/some-testing.ts';
import {
  anythingOn,
  clockText,
  tapsSentence,
  testingMarks,
  traceFileName,
  traceFileProblem,
  traceSentence,
} from './testing-words.ts';

const replaying = { phase: 'replaying', packets: 9 } as const;
const taps = { recording: true, folder: '/tmp/taps', seconds: 83.9, problem: '' };

test('nothing is marked at the start, and everything that is on is', () => {
  expect(testingMarks(someTesting())).toEqual([]);
  expect(testingMarks(someTesting({ chaosOn: true, trace: replaying, taps }))).toEqual([
    'a trace is replayed',
    'sound is recorded',
  ]);
  const both = someTesting({ chaosOn: true, chaos: someChaos({ lossPercent: 1 }), trace: replaying });
  expect(testingMarks(both)).toEqual(['chaos is on', 'a trace is replayed']);
});

test('chaos is marked as the program says, not as the sliders stand', () => {
  expect(testingMarks(someTesting({ chaosOn: true }))).toEqual(['chaos is on']);
});

test('a trace being recorded harms nobody, but can be switched off', () => {
  const testing = someTesting({ trace: { phase: 'recording', packets: 1 } });
  expect(testingMarks(testing)).toEqual([]);
  expect(anythingOn(testing)).toBe(true);
  expect(anythingOn(someTesting())).toBe(false);
});

test('trace and taps are told in sentences', () => {
  expect(traceSentence({ phase: 'recording', packets: 1 })).toBe('Recording: 1 packet so far.');
  expect(traceSentence({ phase: 'recorded', packets: 4_210 })).toBe('Recorded: 4,210 packets.');
  expect(tapsSentence(taps)).toBe('Recording, 1:23 so far.');
  expect(tapsSentence({ ...taps, recording: false })).toBe('Last recording: 1:23.');
  expect(tapsSentence({ ...taps, recording: false, folder: '' })).toBe('');
  expect(clockText(3_600)).toBe('60:00');
});

test('a file that cannot be a trace is not read', () => {
  expect(traceFileProblem(0)).not.toBe('');
  expect(traceFileProblem(1)).toBe('');
  expect(traceFileProblem(MAX_TRACE_TEXT_LENGTH)).toBe('');
  expect(traceFileProblem(MAX_TRACE_TEXT_LENGTH + 1)).not.toBe('');
});

test('a saved trace tells when', () => {
  expect(traceFileName(new Date(2026, 0, 5, 9, 7))).toBe('sidetone-trace-2026-01-05-0907.json');
});
