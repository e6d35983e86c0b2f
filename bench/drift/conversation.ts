import { Listener, type ListenerResult } from './listener.ts';
import { Party } from './party.ts';
import { framesOf, Programme } from './programme.ts';

/** Two sound cards and how long they talk; one is fast by this, the other as slow. */
export interface Scenario {
  readonly errorPpm: number;
  readonly minutes: number;
  readonly speech: Float32Array;
}

/** What one side heard of the other. */
export interface Hearing extends ListenerResult {
  readonly direction: string;
  readonly counters: Readonly<Record<string, number>>;
}

/** Their cards never begin together. */
const SECOND_STARTS_MS = 3.7;

/** Lets two people talk to each other in virtual time, each on a sound card of its own. */
export function converse(scenario: Scenario, onMinute: (minute: number) => void): Hearing[] {
  const { errorPpm, minutes, speech } = scenario;
  const frames = framesOf(minutes);
  const programmes = [
    new Programme(speech, 0, frames, 1),
    new Programme(speech, speech.length / 2, frames, 2),
  ];
  const [saidByFast, saidBySlow] = programmes;
  if (saidByFast === undefined || saidBySlow === undefined) throw new Error('two people talk');
  const listeners: Listener[] = [];
  const fast = new Party({
    token: 1,
    peer: 2,
    errorPpm,
    startMs: 0,
    programme: saidByFast,
    seed: 11,
    onHeard: (block) => listeners[0]?.handleBlock(block),
  });
  const slow = new Party({
    token: 2,
    peer: 1,
    errorPpm: -errorPpm,
    startMs: SECOND_STARTS_MS,
    programme: saidBySlow,
    seed: 12,
    onHeard: (block) => listeners[1]?.handleBlock(block),
  });
  listeners.push(
    new Listener(saidBySlow, fast.card, slow.card),
    new Listener(saidByFast, slow.card, fast.card),
  );
  run(fast, slow, minutes, onMinute);
  return [
    hearingOf('fast card hears slow card', fast, listeners[0]),
    hearingOf('slow card hears fast card', slow, listeners[1]),
  ];
}

function run(one: Party, other: Party, minutes: number, onMinute: (minute: number) => void): void {
  let nowMs = 0;
  let minute = 0;
  one.arrivals = { sendDatagram: (bytes, length) => other.handleDatagram(bytes, length, nowMs) };
  other.arrivals = { sendDatagram: (bytes, length) => one.handleDatagram(bytes, length, nowMs) };
  while (nowMs < minutes * 60_000) {
    const oneLineMs = one.line.nextDeadlineMs() ?? Number.POSITIVE_INFINITY;
    const otherLineMs = other.line.nextDeadlineMs() ?? Number.POSITIVE_INFINITY;
    nowMs = Math.min(one.nextBlockMs, other.nextBlockMs, oneLineMs, otherLineMs);
    if (nowMs === oneLineMs) one.line.handleDeadline(nowMs, one.arrivals);
    else if (nowMs === otherLineMs) other.line.handleDeadline(nowMs, other.arrivals);
    else if (nowMs === one.nextBlockMs) one.handleBlock(nowMs);
    else other.handleBlock(nowMs);
    if (nowMs < (minute + 1) * 60_000) continue;
    minute += 1;
    onMinute(minute);
  }
}

function hearingOf(direction: string, party: Party, listener: Listener | undefined): Hearing {
  if (listener === undefined) throw new Error('each side listens');
  const counters: Record<string, number> = {};
  for (const { speaker } of party.receiver.voices) Object.assign(counters, speaker.statistics());
  return { direction, counters, ...listener.result() };
}
