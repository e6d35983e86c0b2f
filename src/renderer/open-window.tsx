// The shared styles come first: the style sheets of the features refine them.
import './ui/tokens.css';
import './ui/base.css';
import './ui/controls.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { clearChats, fetchConversations, takeChatEvent } from './features/chat/chat-store.ts';
import { applyTheme, storedThemeChoice } from './features/theme/theme.ts';
import { closeFloating } from './state/dialog-store.ts';
import { type Program, ProgramContext } from './state/program.ts';
import { followProgram, raiseWindowNotice, showPane, takeAppState, useWindow } from './state/window-store.ts';

async function fetchState(program: Program): Promise<void> {
  try {
    takeAppState(await program.api.getState());
  } catch {
    // A lost link says so itself and comes by here again; anything else is told.
    if (useWindow.getState().link === 'up')
      raiseWindowNotice('error', 'The program does not tell its state.');
  }
}

/**
 * Feeds the chat from the program: whole when a room is entered or the program is found again, then event by event.
 * With the room goes what was open about it.
 */
function followRoom(program: Program): void {
  program.api.onChatChanged(takeChatEvent);
  useWindow.subscribe((now, before) => {
    const phase = now.app?.connection.phase ?? 'idle';
    if (now.link === 'gone') closeFloating();
    const found = now.link === 'up' && before.link !== 'up';
    if (phase === 'idle') {
      if (before.app !== null && before.app.connection.phase !== 'idle') {
        clearChats();
        closeFloating();
        showPane('people');
      }
    } else if (phase === 'connected' && (found || before.app?.connection.phase !== 'connected')) {
      void fetchConversations(program.api);
    }
  });
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
  followRoom(program);
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
