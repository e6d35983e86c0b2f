import { type Counters, createCounters } from '../base/counters.ts';

const counterNames = [
  'attempts',
  'attemptsFailed',
  'welcomes',
  'resumes',
  'lanesLost',
  'lanesDead',
  'messages',
  'messagesAccepted',
  'messagesMalformed',
  'messagesUnexpected',
  'refusals',
  'pings',
  'requestsMade',
  'requestsDone',
  'requestsRefused',
  'requestsFailed',
  'chatsWritten',
  'chatsTaken',
  'chatsRefused',
  'chatsFailed',
  'deliveries',
  'deliveriesShown',
  'deliveriesRepeated',
  'deliveriesOutOfOrder',
  'deliveriesMissed',
  'keysSent',
  'keysDropped',
  'hearingSent',
  'hearingDropped',
] as const;

/**
 * What a session engine counts, over all its sessions:
 * - `messages` = `messagesAccepted` + `messagesMalformed` + `messagesUnexpected`
 * - `requestsMade` = `requestsDone` + `requestsRefused` + `requestsFailed` + those waiting
 * - `chatsWritten` = `chatsTaken` + `chatsRefused` + `chatsFailed` + those waiting
 * - `deliveries` = `deliveriesShown` + `deliveriesRepeated` + `deliveriesOutOfOrder`; `deliveriesMissed` tells how
 *   many numbers a relay skipped for good
 */
export type SessionCounters = Counters<(typeof counterNames)[number]>;

/** All at zero. */
export function createSessionCounters(): SessionCounters {
  return createCounters(counterNames);
}
