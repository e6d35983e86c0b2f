import { MAX_TRACE_TEXT_LENGTH } from '../../../contract/limits.ts';
import type { Testing } from '../../../contract/testing.ts';
import { chaosChanges, packetsText } from './chaos-words.ts';

/** What is going on that a person must not forget; empty: nothing. */
export function testingMarks(testing: Testing): readonly string[] {
  const replaying = testing.trace.phase === 'replaying';
  const chaos = testing.chaosOn && (!replaying || chaosChanges(testing.chaos));
  return [
    ...(chaos ? ['chaos is on'] : []),
    ...(replaying ? ['a trace is replayed'] : []),
    ...(testing.taps.recording ? ['sound is recorded'] : []),
  ];
}

/** Whether there is anything that "All off" would switch off. */
export function anythingOn(testing: Testing): boolean {
  return (
    testingMarks(testing).length > 0 || chaosChanges(testing.chaos) || testing.trace.phase === 'recording'
  );
}

/** What becomes of the trace, in a sentence. */
export function traceSentence(trace: Testing['trace']): string {
  switch (trace.phase) {
    case 'off':
      return 'No trace yet.';
    case 'recording':
      return `Recording: ${packetsText(trace.packets)} so far.`;
    case 'recorded':
      return `Recorded: ${packetsText(trace.packets)}.`;
    case 'replaying':
      return `Replaying a trace of ${packetsText(trace.packets)}.`;
  }
}

/** A time in minutes and seconds: "1:23". */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** What becomes of the taps, in a sentence; empty: nothing was recorded yet. */
export function tapsSentence(taps: Testing['taps']): string {
  if (taps.recording) return `Recording, ${clockText(taps.seconds)} so far.`;
  return taps.folder === '' ? '' : `Last recording: ${clockText(taps.seconds)}.`;
}

/** Why a file cannot be a trace before anybody reads it; empty: it can. One byte makes one character at most. */
export function traceFileProblem(bytes: number): string {
  if (bytes === 0) return 'This file is empty.';
  return bytes > MAX_TRACE_TEXT_LENGTH ? 'This file is longer than any trace that Sidetone records.' : '';
}

/** Name of a saved trace, by the time of day it was saved at, as this computer tells it. */
export function traceFileName(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `sidetone-trace-${day}-${two(now.getHours())}${two(now.getMinutes())}.json`;
}
