// The shared styles come first: the style sheets of the features refine them.
import './ui/tokens.css';
import './ui/base.css';
import './ui/controls.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { applyTheme, storedThemeChoice } from './features/theme/theme.ts';
import { type Program, ProgramContext } from './state/program.ts';
import { followProgram, raiseWindowNotice, takeAppState, useWindow } from './state/window-store.ts';

async function fetchState(program: Program): Promise<void> {
  try {
    takeAppState(await program.api.getState());
  } catch {
    // A lost link says so itself and comes by here again; anything else is told.
    if (useWindow.getState().link === 'up')
      raiseWindowNotice('error', 'The program does not tell its state.');
  }
}

/** Mouse buttons from here on go back and forward in a page's history. */
const FIRST_SIDE_BUTTON = 3;

/** A side button is a good push-to-talk key: holding it must not leave the page. */
function keepSideButtonsFromNavigating(): void {
  const quiet = (event: MouseEvent): void => {
    if (event.button >= FIRST_SIDE_BUTTON) event.preventDefault();
  };
  window.addEventListener('mousedown', quiet, { capture: true });
  window.addEventListener('mouseup', quiet, { capture: true });
}

/** Draws the window into #root and keeps it fed; the state is asked for whenever the program can be reached again. */
export function openWindow(program: Program): void {
  applyTheme(storedThemeChoice());
  keepSideButtonsFromNavigating();
  followProgram(program.api);
  useWindow.subscribe((now, before) => {
    if (now.link === 'up' && before.link !== 'up') void fetchState(program);
  });
  if (useWindow.getState().link === 'up') void fetchState(program);
  const root = document.getElementById('root');
  if (root === null) throw new Error('The page has no #root');
  createRoot(root).render(
    <StrictMode>
      <ProgramContext value={program}>
        <App />
      </ProgramContext>
    </StrictMode>,
  );
}
