import type { NoiseSuppression, ProcessingProblem, ProcessingStage } from '../../../contract/sound.ts';

/** A stage of the processing in plain words. */
export interface StageWords {
  readonly label: string;
  readonly hint: string;
}

/** What each stage is called, and what it is good for. */
export const stageWords: Record<ProcessingStage, StageWords> = {
  highPass: {
    label: 'High-pass filter',
    hint: 'Takes away rumble below any voice: steps, knocks on the desk, traffic.',
  },
  echoCancellation: {
    label: 'Echo cancellation',
    hint: 'Takes the sound of your speakers out of your microphone, so that the others do not hear themselves. With headphones there is nothing to take out.',
  },
  noiseSuppression: {
    label: 'Noise suppression',
    hint: 'Quietens what is not a voice.',
  },
  gainControl: {
    label: 'Automatic gain',
    hint: 'Brings quiet and loud voices to the same level.',
  },
  limiter: {
    label: 'Limiter',
    hint: 'Keeps a shout from distorting.',
  },
  voiceActivity: {
    label: 'Voice activity',
    hint: 'Tells speech from noise.',
  },
};

/** The strengths of the noise suppression, in the order they are shown. */
export const noiseChoices: readonly { readonly value: NoiseSuppression; readonly label: string }[] = [
  { value: 'off', label: 'Off' },
  { value: 'light', label: 'Light' },
  { value: 'strong', label: 'Strong' },
];

/** What the chosen strength comes to. */
export const noiseHints: Record<NoiseSuppression, string> = {
  off: 'Everything that the microphone hears is sent.',
  light: 'Quietens steady noise such as fans. Your voice changes little, and nothing is held up.',
  strong: 'Also quietens keyboards and machines. Your voice may sound thinner, and comes a little later.',
};

/** Why a stage is passed by, or an empty text. */
export function stageProblem(problems: readonly ProcessingProblem[], stage: ProcessingStage): string {
  return problems
    .filter((problem) => problem.stage === stage)
    .map((problem) => problem.sentence)
    .join(' ');
}

/** What is wrong with the processing as a whole, for the tab it stands behind; empty while all is well. */
export function processingMark(problems: readonly ProcessingProblem[]): string {
  const stages = new Set(problems.map((problem) => problem.stage));
  if (stages.size === 0) return '';
  return stages.size === 1 ? 'one stage does not work' : `${stages.size} stages do not work`;
}

/** A short time as sliders tell it. */
export function briefTimeText(milliseconds: number): string {
  return milliseconds === 0 ? 'None' : `${Math.round(milliseconds)} ms`;
}
