import { type RefusalCode, refusalSentence } from '../wire/refusal.ts';
import type { LaneFailure, SessionEnd } from './session-out.ts';

const failureSentences: Record<LaneFailure, string> = {
  refused: 'Nobody is hosting a room at that address. Ask the host whether the room is open.',
  unreachable: 'That address cannot be reached from here. Check the address and your network connection.',
  timeout: 'The room did not answer in time. Check the address, or try again in a moment.',
  certificate: 'The room at that address could not prove that it is the one you were invited to.',
  closed: 'The connection was closed before the room let you in. Try again in a moment.',
  nameNotFound: 'There is no computer of that name. Check the spelling.',
};

export function endedByLeaving(): SessionEnd {
  return { kind: 'left', sentence: '' };
}

/** The sentence is our own for the code, not the one in the message: a relay cannot put words into the window. */
export function endedByRefusal(code: RefusalCode): SessionEnd {
  return { kind: 'refused', code, sentence: refusalSentence(code) };
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
