import type { ReactElement } from 'react';
import type { ProcessingProblem, ProcessingStage } from '../../../contract/sound.ts';
import { Icon } from '../../ui/icons.tsx';
import { stageProblem } from './processing-words.ts';

interface StageTroubleProps {
  readonly problems: readonly ProcessingProblem[];
  readonly stage: ProcessingStage;
}

/** Why a stage is passed by, where the stage stands; nothing while it works. */
export function StageTrouble({ problems, stage }: StageTroubleProps): ReactElement | null {
  const sentence = stageProblem(problems, stage);
  if (sentence === '') return null;
  return (
    <p className="problem" role="status" data-testid={`problem-${stage}`}>
      <Icon name="warning" size={16} />
      <span>{sentence}</span>
    </p>
  );
}
