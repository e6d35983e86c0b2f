import type { ReactElement } from 'react';
import type { Member } from '../../../contract/dto.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icons.tsx';
import { CodeGrid } from './code-grid.tsx';

/** The safety code of two people, to be compared over another way, and the mark that it was. */
export function VerifyDialog({ member, onClose }: { member: Member; onClose: () => void }): ReactElement {
  const { api } = useProgram();
  const mark = (verified: boolean): void => {
    void perform(api.setVerified({ identity: member.identity, verified }));
    onClose();
  };
  return (
    <Dialog title={`Verify ${member.nickname}`} testId="verify-dialog" onClose={onClose}>
      <div className="dialog-body scrolls">
        <p>
          Compare this code with {member.nickname}, who finds it under your name: read it out over a way you
          trust, such as face to face. If all twelve groups are the same, nobody stands between you.
        </p>
        <CodeGrid code={member.safetyCode} label="Safety code" testId="safety-code" />
        <p className="field-hint verify-state" role="status">
          <Icon name={member.verified ? 'shield' : 'info'} size={16} />
          {member.verified
            ? `You marked ${member.nickname} as verified.`
            : `You have not compared this code with ${member.nickname} yet.`}
        </p>
      </div>
      <div className="dialog-actions">
        {member.verified ? (
          <button
            type="button"
            className="button"
            data-kind="danger"
            data-testid="unverify"
            onClick={() => mark(false)}
          >
            Remove the mark
          </button>
        ) : (
          <button
            type="button"
            className="button"
            data-kind="primary"
            data-testid="verify"
            onClick={() => mark(true)}
          >
            They are the same
          </button>
        )}
      </div>
    </Dialog>
  );
}
