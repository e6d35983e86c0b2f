// The shared styles come first: the style sheets of the screens refine them.
import '../ui/tokens.css';
import '../ui/base.css';
import '../ui/controls.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { applyTheme, storedThemeChoice } from '../features/theme/theme.ts';

/** Draws the dashboard into #root. */
export function openDashboard(): void {
  applyTheme(storedThemeChoice());
  const root = document.getElementById('root');
  if (root === null) throw new Error('The page has no #root');
  createRoot(root).render(
    <StrictMode>
      <main>
        <h1>Sidetone administration</h1>
      </main>
    </StrictMode>,
  );
}
