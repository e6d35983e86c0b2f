import type { StageFailure, StageName, StageState } from './processing-stage.ts';

const TITLES: Readonly<Record<StageName, string>> = {
  highPass: 'The rumble filter',
  echoCancellation: 'Echo cancellation',
  noiseSuppression: 'Noise suppression',
  gainControl: 'Gain control',
  limiter: 'The limiter',
  voiceActivity: 'Voice detection',
};

const FAILURES: Readonly<Record<StageFailure, string>> = {
  notLoaded: 'could not be loaded on this computer',
  threw: 'stopped with an error',
  tooSlow: 'took longer than this computer has time for',
  badOutput: 'gave out damaged sound',
};

/** What becomes of the sound. */
const WITHOUT: Readonly<Record<StageName, string>> = {
  highPass: 'The sound goes through without it.',
  echoCancellation: 'The sound goes through without it: please use headphones.',
  noiseSuppression: 'The sound goes through without it.',
  gainControl: 'The sound goes through as loud as it is.',
  limiter: 'Very loud sound may be distorted.',
  voiceActivity: 'The microphone opens by loudness alone.',
};

/** The canceller is on, and the microphone hears no echo. */
export const ECHO_RESTS = 'Echo cancellation is on, and rests: there is no echo, as with headphones.';

/** A sentence for a person on how a stage is doing. */
export function stageSentence(stage: StageName, state: StageState, failure: StageFailure | null): string {
  const title = TITLES[stage];
  if (failure === null || state !== 'failed') return `${title} is ${state === 'on' ? 'on' : 'off'}.`;
  const retry = failure === 'notLoaded' ? '' : ' Switch it off and on to try again.';
  return `${title} ${FAILURES[failure]}. ${WITHOUT[stage]}${retry}`;
}
