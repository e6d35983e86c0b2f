import { type Counters, createCounters } from '../../core/base/counters.ts';

const counterNames = [
  // requests = requestsAnswered + requestsRefused + requestsFailed + requestsCutOff + those under way
  'requests',
  'requestsAnswered',
  'requestsRefused',
  'requestsFailed',
  // The peer hung up before it had the answer, or a stream was cut.
  'requestsCutOff',
  // Of those refused.
  'requestsBadHost',
  'requestsNotThroughProxy',
  'requestsTooMany',
  'connectionsTooMany',
  'connectionsTooManyFromAddress',
] as const;

/** What the HTTP server counts, but for logins and streams. */
export type ServiceCounters = Counters<(typeof counterNames)[number]>;

export function createServiceCounters(): ServiceCounters {
  return createCounters(counterNames);
}
