// The shared styles come first: this page looks like that of listeners.
import '../ui/tokens.css';
import '../ui/base.css';
import '../ui/controls.css';
import '../listen/listen.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { applyTheme, storedThemeChoice } from '../features/theme/theme.ts';
import { ThemeToggle } from '../features/theme/theme-toggle.tsx';
import { Logo } from '../ui/icons.tsx';
import { RoomViewPage } from './room-view-page.tsx';

/** Draws the page into #root. */
export function startRoomView(): void {
  applyTheme(storedThemeChoice());
  const root = document.getElementById('root');
  if (root === null) throw new Error('The page has no #root');
  createRoot(root).render(
    <StrictMode>
      <div className="listen scrolls">
        <header className="listen-bar">
          <Logo />
          <span className="wordmark">Sidetone</span>
          <ThemeToggle />
        </header>
        <main className="panel listen-card">
          <RoomViewPage page={new URL(window.location.href)} />
        </main>
      </div>
    </StrictMode>,
  );
}
