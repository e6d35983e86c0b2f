import type { ReactElement } from 'react';
import type { Notice } from '../../../contract/dto.ts';
import { perform, useProgram } from '../../state/program.ts';
import { dropWindowNotice, useWindow } from '../../state/window-store.ts';
import { Icon } from '../../ui/icons.tsx';
import './notices.css';

const NONE: readonly Notice[] = [];

/** What the program and the window have to tell, newest last, until it is dismissed. */
export function Notices(): ReactElement {
  const { api } = useProgram();
  const told = useWindow((state) => state.app?.notices ?? NONE);
  const own = useWindow((state) => state.windowNotices);
  const dismiss = (id: number): void => {
    if (id < 0) dropWindowNotice(id);
    else void perform(api.dismissNotice({ id }));
  };
  return (
    <section className="notices scrolls" aria-label="Notices">
      {[...told, ...own].map((notice) => (
        <div
          key={notice.id}
          className="notice"
          data-testid="notice"
          data-severity={notice.severity}
          role={notice.severity === 'info' ? 'status' : 'alert'}
        >
          <Icon name={notice.severity === 'info' ? 'info' : 'warning'} />
          <p>{notice.text}</p>
          <button
            type="button"
            className="button"
            data-kind="quiet"
            data-size="small"
            aria-label={`Dismiss: ${notice.text}`}
            title="Dismiss"
            data-testid="notice-dismiss"
            onClick={() => dismiss(notice.id)}
          >
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </section>
  );
}
