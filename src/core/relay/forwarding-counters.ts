import { assertNever } from '../base/assert.ts';
import type { ProbeFailure } from '../wire/probe.ts';

/** All of `DatagramDiscard`. */
export const discardNames = [
  'tooShort',
  'tooLong',
  'reservedFlags',
  'controlFlags',
  'sequenceTooLarge',
  'noPayload',
  'unknownToken',
  'laneWrongToken',
  'rateLimited',
  'notBound',
  'wrongAddress',
  'notInChannel',
  'notAllowed',
  'unknownTarget',
  'unknownList',
  'whisperToSelf',
  'whisperNotAllowed',
  'targetDeafened',
  'targetUnreachable',
  'listReachedNobody',
  'probeWrongLength',
  'probeUnknownKind',
  'probeClockTooLarge',
  'probeIsReply',
  'probeReplayed',
  'probeForged',
] as const;

/** Why a datagram went no further. */
export type DatagramDiscard = (typeof discardNames)[number];

/** What the voice path counts besides; `Forwarding` says how they add up. */
export const trafficNames = [
  'received',
  'receivedByLane',
  'keepAlives',
  'probes',
  'laneProbes',
  'challenges',
  'forwardedIn',
  'whispersIn',
  'forwardedOut',
  'forwardedOutByLane',
  'binds',
] as const;
export type TrafficName = (typeof trafficNames)[number];

/** The reason by which a probe that cannot be read is counted. */
export function probeDiscard(reason: ProbeFailure): DatagramDiscard {
  switch (reason) {
    case 'wrongLength':
      return 'probeWrongLength';
    case 'unknownKind':
      return 'probeUnknownKind';
    case 'clockTooLarge':
      return 'probeClockTooLarge';
    case 'notControl':
      // decodeHeader has seen the flag; kept so that the reasons stay a closed set.
      return 'controlFlags';
    default:
      return assertNever(reason);
  }
}
