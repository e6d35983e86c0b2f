import { type Counters, createCounters } from '../base/counters.ts';

const laneCloseNames = [
  'lanesClosedByPeer',
  'lanesClosedTooManyMessages',
  'lanesClosedBadMessages',
  'lanesClosedHelloTimeout',
  'lanesClosedSilent',
  'lanesClosedCrowded',
  'lanesClosedFromOneAddress',
  'lanesClosedRefused',
  'lanesClosedBye',
  'lanesClosedBanned',
  'lanesClosedKicked',
  'lanesClosedTakenOver',
  'lanesClosedSignedInElsewhere',
  'lanesClosedWithRelay',
] as const;

/** Why a lane is no more: `lanesOpened` = lanes that are open + all of these. */
export type LaneClose = (typeof laneCloseNames)[number];

const counterNames = [
  'lanesOpened',
  ...laneCloseNames,
  // messages = messagesTaken + messagesBad + messagesTooMany + reactionsTooMany
  'messages',
  'messagesTaken',
  'messagesBad',
  'messagesTooMany',
  'reactionsTooMany',
  'messagesOnUnknownLane',
  // Of those taken.
  'messagesRefused',
  // joined + sessionsRestored = members + left
  'joined',
  'sessionsRestored',
  'left',
  'sessionsNotRestored',
  'sessionsHeld',
  'holdsExpired',
  // Every resume asked for is one of these.
  'resumed',
  'resumesUnknownToken',
  'resumesOtherIdentity',
  'resumesWrongSecret',
  'resumesRefused',
  // Of those resumed: with the secret before the newest, whose welcome was lost.
  'resumedAgain',
  // chats = chatsTaken + chatsRepeated + chatsRefused
  'chats',
  'chatsTaken',
  'chatsRepeated',
  'chatsRefused',
  // deliveries + deliveriesRestored = deliveriesSeen + deliveriesDropped + deliveriesForgotten + those that wait
  'deliveries',
  'deliveriesRestored',
  'deliveriesSeen',
  'deliveriesDropped',
  'deliveriesForgotten',
  'whisperKeysPassed',
  'whisperKeysDropped',
  // hearingReports = hearingReportsDropped + those that were kept
  'hearingReports',
  'hearingReportsDropped',
  'heardTold',
  // passwordJobs = passwordsRight + passwordsWrong + passwordsHashed + passwordsFailed + passwordsForgotten + those under way
  'passwordJobs',
  'passwordsRight',
  'passwordsWrong',
  'passwordsHashed',
  'passwordsFailed',
  'passwordsForgotten',
  'passwordsUnknownJob',
  'passwordsWaited',
  'passwordsBusy',
  'bansEnded',
  // adminCommands = adminCommandsDone + adminCommandsRefused + adminCommandsBad + those under way
  'adminCommands',
  'adminCommandsDone',
  'adminCommandsRefused',
  'adminCommandsBad',
] as const;

/** What the control plane counts. */
export type ControlCounters = Counters<(typeof counterNames)[number]>;

export function createControlCounters(): ControlCounters {
  return createCounters(counterNames);
}
