import { refusalSentence } from '../wire/refusal.ts';
import { ruleSentence } from '../wire/rule.ts';
import type { LaneFailure, Refusal, RefusedMessage, SessionEnd } from './session-out.ts';

const failureSentences: Record<LaneFailure, string> = {
  refused: 'Nobody is hosting a room at that address. Ask the host whether the room is open.',
  unreachable: 'That address cannot be reached from here. Check the address and your network connection.',
  timeout: 'The room did not answer in time. Check the address, or try again in a moment.',
  certificate: 'The room at that address could not prove that it is the one you were invited to.',
  closed: 'The connection was closed before the room let you in. Try again in a moment.',
  nameNotFound: 'There is no computer of that name. Check the spelling.',
};

/** A refusal in words of our own: a relay names codes and rules, and cannot put words into the window. */
export function describeRefusal(message: Pick<RefusedMessage, 'code' | 'rule'>): Refusal {
  const { code, rule } = message;
  return { code, rule, sentence: rule === null ? refusalSentence(code) : ruleSentence(rule) };
}

export function endedByLeaving(): SessionEnd {
  return { kind: 'left', sentence: '' };
}

export function endedByRefusal(message: Pick<RefusedMessage, 'code' | 'rule'>): SessionEnd {
  return { kind: 'refused', ...describeRefusal(message) };
}

export function endedByFailure(failure: LaneFailure): SessionEnd {
  return { kind: 'failed', failure, sentence: failureSentences[failure] };
}

export function endedByGivingUp(failure: LaneFailure): SessionEnd {
  return {
    kind: 'gaveUp',
    failure,
    sentence: 'The connection to the room was lost, and two minutes of trying did not bring it back.',
  };
}
