import { type ReactElement, useEffect, useRef } from 'react';
import { useProgram } from '../../state/program.ts';
import { useWindow } from '../../state/window-store.ts';
import { useDelayed } from '../../ui/use-delayed.ts';
import './link.css';

/** A break shorter than this is not worth a word, in ms: opening the page takes about as long. */
const GRACE_MS = 700;

/** Says that the program behind the window cannot be reached, or has quit. */
export function LinkOverlay(): ReactElement | null {
  const link = useWindow((state) => state.link);
  const { bridge } = useProgram();
  const told = useDelayed(link === 'down', GRACE_MS);
  const retry = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (link === 'gone') retry.current?.focus();
  }, [link]);
  if (link === 'gone') {
    return (
      <div className="link-gone" role="alertdialog" aria-labelledby="gone-title" data-testid="link-gone">
        <div className="panel link-panel">
          <h2 id="gone-title">Sidetone has quit</h2>
          <p>You can close this window. To talk again, start the program.</p>
          <button ref={retry} type="button" className="button" onClick={() => bridge?.connect()}>
            Try to reach it again
          </button>
        </div>
      </div>
    );
  }
  if (!told) return null;
  return (
    <div className="link-down" role="alert" data-testid="link-down">
      <span className="lamp" data-tone="bad" />
      The program is not answering. Trying again…
    </div>
  );
}
