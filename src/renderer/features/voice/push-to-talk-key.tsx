import type { ReactElement } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Icon } from '../../ui/icons.tsx';
import { KeyBinding } from './key-binding.tsx';

/** The global push-to-talk key, and why it does not work where it does not. */
export function PushToTalkKey({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  return (
    <div className="talk-key">
      <KeyBinding
        purpose="to talk"
        binding={app.pushToTalk}
        capturing={app.capturingBinding}
        onCapture={(capturing) => void perform(api.captureBinding({ capturing }))}
        onClear={() => void perform(api.clearBinding())}
        testId="binding"
      />
      {app.hotkeyProblem === '' ? null : (
        <p className="talk-key-problem" role="status" data-testid="hotkey-problem">
          <Icon name="warning" size={16} />
          <span>{app.hotkeyProblem}</span>
        </p>
      )}
    </div>
  );
}
