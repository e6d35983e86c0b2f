import { type Counters, createCounters } from '../base/counters.ts';

const counterNames = [
  'packages',
  'packagesKept',
  'packagesFromOutsiders',
  'packagesTooLong',
  'packagesHopeless',
  'packagesWanted',
  'packagesSkipped',
  'commits',
  'commitsAccepted',
  'commitsFromOutsiders',
  'commitsTooLong',
  'commitsStale',
  'commitsSenseless',
  'commitsAsked',
  'commitsTimedOut',
  'commitsAbandoned',
  'foundings',
  'resets',
  'leavesAdded',
  'leavesRemoved',
] as const;

/** What the delivery of keys counts; how the numbers balance stands with `KeyDelivery`. */
export type KeyCounters = Counters<(typeof counterNames)[number]>;

export function createKeyCounters(): KeyCounters {
  return createCounters(counterNames);
}
