import type { ReactElement } from 'react';
import type { Connection } from '../../../contract/dto.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { CodeGrid } from '../people/code-grid.tsx';

interface GroupCodeDialogProps {
  readonly connection: Connection;
  readonly onClose: () => void;
}

/** The code everybody in the channel sees alike. */
export function GroupCodeDialog({ connection, onClose }: GroupCodeDialogProps): ReactElement | null {
  if (connection.phase !== 'connected') return null;
  const { sealing, channelName } = connection;
  return (
    <Dialog title={`The code of ${channelName}`} testId="group-code-dialog" onClose={onClose}>
      <div className="dialog-body dialog-body-last scrolls">
        <p>
          Everybody in this channel sees this code. Let one read it out: if all have the same, you all hold
          the same keys, and nobody stands between any of you.
        </p>
        {sealing.groupCode === '' ? (
          <p className="field-hint" role="status">
            There is no code before the keys are here.
          </p>
        ) : (
          <CodeGrid code={sealing.groupCode} label="Code of the channel" testId="group-code" />
        )}
        <p className="field-hint">
          It changes whenever somebody comes or goes, with every new set of keys. This is set number{' '}
          <span className="reading">{sealing.epoch}</span>.
        </p>
      </div>
    </Dialog>
  );
}
