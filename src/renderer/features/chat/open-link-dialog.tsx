import type { ReactElement } from 'react';
import { sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { FormDialog } from '../../ui/dialog.tsx';

/** Shows where a link leads before anything is opened. */
export function OpenLinkDialog({ url, onClose }: { url: string; onClose: () => void }): ReactElement {
  const { api } = useProgram();
  return (
    <FormDialog
      title="Open this address?"
      testId="open-link-dialog"
      submitLabel="Open in the browser"
      onClose={onClose}
      onSubmit={() => sentenceOf(api.openLink({ url }))}
    >
      <p className="link-address reading" dir="ltr" data-testid="link-address">
        {url}
      </p>
      <p className="field-hint">
        It leads to <strong className="reading">{new URL(url).host}</strong>. That place learns your address
        on the network.
      </p>
    </FormDialog>
  );
}
